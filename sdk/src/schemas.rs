//! Schemas, for the document of the HTTP interface, of what writes itself in JSON in a way of its own.

use std::borrow::Cow;

use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Discriminator, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::api::{FheJob, JobRequest, ProofJob, SumJob};
use crate::audit::AuditSignature;
use crate::digest::Digest;
use crate::groth16::Inputs;
use crate::identity::AppliancePublicKey;
use crate::name::Name;
use crate::signing::DevicePublicKey;
use crate::token::UploadToken;

/// Lists what is text, each with its pattern and an example.
macro_rules! texts {
    ($($type:ident: $description:literal, $pattern:literal, $example:expr;)*) => {
        $(
            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    let text = ObjectBuilder::new()
                        .schema_type(SchemaType::new(Type::String))
                        .description(Some($description))
                        .pattern(Some($pattern))
                        .examples([$example]);
                    text.into()
                }
            }

            impl ToSchema for $type {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($type))
                }
            }
        )*
    };
}

texts! {
    Digest: "SHA-256, in lower-case hexadecimal.", "^[0-9a-f]{64}$", "c5".repeat(32);
    Name: "The name of a region, of a device or of a circuit.", "^[A-Za-z0-9._-]{1,64}$", "north";
    DevicePublicKey: "An Ed25519 key, in hexadecimal.", "^[0-9a-f]{64}$",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    AppliancePublicKey: "An Ed25519 key, in hexadecimal.", "^[0-9a-f]{64}$",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    AuditSignature: "An Ed25519 signature of the appliance, in hexadecimal.", "^[0-9a-f]{128}$", "5e".repeat(64);
    UploadToken: "What an upload's other requests bring, and the job that proves it: a secret.", "^[0-9a-f]{64}$",
        "5e".repeat(32);
}

impl PartialSchema for Inputs {
    fn schema() -> RefOr<Schema> {
        let description = "The circuit's inputs as snarkjs takes them, by name: numbers, decimal digits as \
                           strings, and arrays of those. A name comes once.";
        let object = ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        object.description(Some(description)).into()
    }
}

impl ToSchema for Inputs {}

impl PartialSchema for JobRequest {
    fn schema() -> RefOr<Schema> {
        let of = |name: Cow<'static, str>| Ref::from_schema_name(name);
        let (sum, fhe, proof) = (of(SumJob::name()), of(FheJob::name()), of(ProofJob::name()));
        let kinds = [("aggregate", &sum), ("fhe", &fhe), ("groth16", &proof)];
        let kinds = kinds.map(|(kind, schema)| (kind, schema.ref_location.clone()));
        let one = OneOfBuilder::new()
            .description(Some("What is asked, by its kind."))
            .discriminator(Some(Discriminator::with_mapping("kind", kinds)));
        one.item(sum).item(fhe).item(proof).into()
    }
}

impl ToSchema for JobRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<SumJob>(schemas);
        add::<FheJob>(schemas);
        add::<ProofJob>(schemas);
    }
}

pub(crate) fn kind_of_sum() -> Object {
    kind("aggregate")
}

pub(crate) fn kind_of_fhe() -> Object {
    kind("fhe")
}

pub(crate) fn kind_of_proof() -> Object {
    kind("groth16")
}

fn kind(name: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    text.enum_values(Some([name])).build()
}
