//! Names of what is chosen at run time, in one table for each: shown, read, and listed in errors.

/// Gives an enum its names: `ALL`, `Display`, `FromStr`, and the error of a name that is none.
macro_rules! names {
    ($named:ident, $unknown:ident, $what:literal: $($variant:ident = $name:literal),+ $(,)?) => {
        impl $named {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];
        }

        impl std::fmt::Display for $named {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self { $(Self::$variant => $name),+ })
            }
        }

        #[doc = concat!("The name is no ", $what, ".")]
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error(
            "unknown {} {_0:?}: expected {}",
            $what,
            $crate::names::one_of(&[$($name),+])
        )]
        pub struct $unknown(pub String);

        impl std::str::FromStr for $named {
            type Err = $unknown;

            fn from_str(name: &str) -> Result<Self, $unknown> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($unknown(name.to_owned())),
                }
            }
        }
    };
}

pub(crate) use names;

/// "a, b or c".
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::one_of;
    use crate::CurveId;
    use crate::field::FieldId;

    #[test]
    fn names_are_listed_as_people_write_lists() {
        assert_eq!(one_of(&[]), "");
        assert_eq!(one_of(&["a"]), "a");
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
    }

    #[test]
    fn names_are_read_and_others_refused() {
        for id in FieldId::ALL {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let error = "BN254".parse::<CurveId>().unwrap_err().to_string();
        assert_eq!(error, "unknown curve \"BN254\": expected bls12-381 or bn254");
    }
}
