//! The document of the interface, OpenAPI 3.1: made of the table of routes, and of what is said where each handler
//! is. What holds for every route is added here: parameters of paths, problems, tokens, and who may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use pulseproof_access::{Action, Caller, DEFAULT, Policy, Resource};
use pulseproof_sdk::problem::PROBLEM_JSON;
use pulseproof_sdk::{Digest, Name, Problem};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{
    AllOfBuilder, Components, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, HttpMethod, InfoBuilder, KnownFormat, OpenApi,
    OpenApiBuilder, Paths, Ref, RefOr, Required,
};
use utoipa::{PartialSchema, ToSchema};

use super::routes::{name, table};

/// What a route's problems are said under, next to its handler: `404 unknown-region; 422 bad-roster, wrong-region`,
/// or several such texts.
const PROBLEMS: &str = "x-problems";
/// The problems of a route that takes in files.
pub const FILES: &str = "409 upload-in-progress, wrong-offset; 411 length-required; 422 unknown-bytes, wrong-digest; \
                         429 too-many-files, too-much-at-once; 507 disk-full, storage-full";
/// The problems of every route.
const EVERYWHERE: &str = "400 malformed; 401 unauthorized; 403 forbidden, foreign-origin; 417 expectation-failed; \
                          421 wrong-host; 500 internal";
/// The problems of every route that reads a body.
const BODIES: &str = "408 body-timeout; 413 body-too-large; 415 unsupported-encoding; 429 too-much-at-once; 503 busy";
/// The problems of every route that reads JSON.
const JSON: &str = "415 unsupported-media-type";
/// Problems that may pass: most of them say when.
const MAY_PASS: [&str; 4] = ["409", "429", "503", "507"];
/// How whoever asks says who it is.
const TOKEN: &str = "token";

/// The document, as JSON.
///
/// # Panics
/// What stands at a handler is no description of it: the first test that asks finds out.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> =
        LazyLock::new(|| build().to_pretty_json().expect("a document is plain data"));
    &DOCUMENT
}

fn build() -> OpenApi {
    let rules = Policy::read(DEFAULT).expect("the rules that tests read");
    let is_open =
        |action: &Action| rules.permits(&Caller::nobody("somewhere"), *action, Resource::Appliance);
    let (mut paths, mut components) = (Paths::new(), Components::new());
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert(TOKEN.to_owned(), bearer.into());
    for route in table() {
        let actions = route.needs.actions();
        let (schemas, documented, _) = route.documented;
        components.schemas.extend(schemas);
        for (path, item) in documented.paths {
            let (method, mut operation) = only(item);
            operation
                .parameters
                .get_or_insert_default()
                .extend(parameters(&path).into_iter().map(RefOr::T));
            operation.operation_id = Some(operation_id(&method, &path));
            add_problems(&mut operation);
            say_who(&mut operation, &actions, actions.iter().any(is_open));
            paths.add_path_operation(&path, vec![method], operation);
        }
    }
    let info = InfoBuilder::new()
        .title("Pulseproof")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(utoipa::openapi::License::new("Apache-2.0 OR MIT")))
        .description(Some(include_str!("document.md")));
    let document = OpenApiBuilder::new().info(info).paths(paths).components(Some(components));
    document.build()
}

/// What generated clients call it: `get_v1_jobs_id`.
fn operation_id(method: &HttpMethod, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [name(method).to_lowercase().as_str()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

/// The one operation that a handler has, and its method.
pub fn only(item: PathItem) -> (HttpMethod, Operation) {
    let PathItem { get, put, post, delete, .. } = item;
    let all = [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
    ];
    let mut all = all.into_iter().filter_map(|(method, operation)| Some((method, operation?)));
    all.next().expect("a handler has a method")
}

/// What stands in a path in braces.
fn parameters(path: &str) -> Vec<Parameter> {
    let braced = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    braced.map(|(name, _)| parameter(name, path)).collect()
}

fn parameter(name: &str, path: &str) -> Parameter {
    let (description, schema) = match name {
        "region" => ("The region", Name::schema()),
        "name" => ("The circuit", Name::schema()),
        "epoch" => ("The epoch", number(u64::MAX)),
        "digest" if path.contains("/profiles/") => ("The profile's digest", Digest::schema()),
        "digest" => ("The digest of the sum", Digest::schema()),
        "sha256" => ("SHA-256 of the file", Digest::schema()),
        "root" => ("The root that a program's outputs name", Digest::schema()),
        "height" => ("The node's height: 0 for leaves", number(u32::MAX.into())),
        "index" => ("Which node of that height, from 0", number(u64::MAX)),
        "lookup" => ("Which lookup, from 0", number(u64::MAX)),
        "id" if path.contains("/evaluation-keys/") => ("SHA-256 of the key", Digest::schema()),
        "id" => ("The job", text("^[0-9a-f]{32}$")),
        "file" => ("A part of the page", text("^[A-Za-z0-9._-]+$")),
        other => panic!("no word on the parameter {other} of {path}"),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
    let parameter = parameter.required(Required::True).description(Some(description));
    parameter.schema(Some(schema)).build()
}

/// The header of whoever sends a file in pieces.
fn piece() -> Parameter {
    let piece = ParameterBuilder::new().name("Content-Range").parameter_in(ParameterIn::Header);
    let description = "Which piece of the file the body is: `bytes 0-149999/300000`; `bytes */300000` with an empty \
                       body says that all was sent";
    piece.description(Some(description)).schema(Some(text("^bytes .+$"))).build()
}

fn text(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).pattern(Some(pattern)).into()
}

fn number(maximum: u64) -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
    let number = number.format(Some(SchemaFormat::KnownFormat(KnownFormat::UInt64)));
    number.minimum(Some(0)).maximum(Some(maximum)).into()
}

/// Adds an answer for each status that a problem can have, and which problems those are.
fn add_problems(operation: &mut Operation) {
    let mut said = vec![EVERYWHERE.to_owned()];
    if let Some(RefOr::T(body)) = &operation.request_body {
        said.push(BODIES.to_owned());
        if body.content.contains_key("application/json") {
            said.push(JSON.to_owned());
        }
    }
    if let Some(own) = operation.extensions.as_mut().and_then(|all| all.remove(PROBLEMS)) {
        let texts = match own {
            serde_json::Value::Array(texts) => texts,
            text => vec![text],
        };
        said.extend(texts.iter().map(|text| text.as_str().expect("a text").to_owned()));
        if texts.iter().any(|text| text == FILES) {
            operation.parameters.get_or_insert_default().push(piece().into());
        }
    }
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for of_status in said.iter().flat_map(|text| text.split("; ")) {
        let (status, names) = of_status.split_once(' ').expect("a status and kinds");
        kinds.entry(status).or_default().extend(names.split(", "));
    }
    for (status, kinds) in kinds {
        // Where it is another answer as well, that is said at the handler.
        if !operation.responses.responses.contains_key(status) {
            let mut response = problems(&kinds);
            if MAY_PASS.contains(&status) {
                response = response.header("Retry-After", seconds());
            }
            let response = RefOr::T(response.build());
            operation.responses.responses.insert(status.to_owned(), response);
        }
    }
}

/// The header of what may pass.
fn seconds() -> Header {
    let seconds = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(0));
    let description = "In how many seconds it may be tried again, if that is known";
    HeaderBuilder::new().schema(Some(seconds)).description(Some(description)).build()
}

fn problems(kinds: &BTreeSet<&str>) -> ResponseBuilder {
    let names: Vec<_> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    let types = kinds.iter().map(|kind| format!("urn:pulseproof:{kind}"));
    let kind = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let kind = kind.enum_values(Some(types)).build();
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name(Problem::name()))
        .item(ObjectBuilder::new().property("type", kind));
    let content = ContentBuilder::new().schema(Some(RefOr::from(schema))).build();
    ResponseBuilder::new().description(names.join(", ")).content(PROBLEM_JSON, content)
}

/// Who may: what has to be permitted, and whether that takes a token under the default rules.
fn say_who(operation: &mut Operation, actions: &[Action], is_open: bool) {
    let names: Vec<_> = actions.iter().map(|action| format!("`{action}`")).collect();
    let needs = format!("Whoever asks has to be permitted: {}.", names.join(", or "));
    let description = operation.description.take().filter(|text| !text.is_empty());
    operation.description = Some(match description {
        Some(text) => format!("{text}\n\n{needs}"),
        None => needs,
    });
    let with_token = SecurityRequirement::new(TOKEN, Vec::<String>::new());
    operation.security = Some(match is_open {
        true => vec![SecurityRequirement::default(), with_token],
        false => vec![with_token],
    });
}
