//! JSON objects in which every name comes once: of two values, one would be dropped silently.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads such an object.
pub(crate) fn each_once<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Display + Ord,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(EachOnce(PhantomData))
}

struct EachOnce<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for EachOnce<K, V>
where
    K: Deserialize<'de> + Display + Ord,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object in which every name comes once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = fields.next_entry::<K, V>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the name {name} comes twice")));
            }
            map.insert(name, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        let read = |json: &str| {
            each_once::<_, Name, u64>(&mut serde_json::Deserializer::from_str(json))
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(r#"{"a": 1, "b": 2}"#).unwrap().len(), 2);
        assert!(read(r#"{"a": 1, "b": 2, "a": 1}"#).unwrap_err().contains("a comes twice"));
        assert!(read("[]").unwrap_err().contains("every name comes once"));
    }
}
