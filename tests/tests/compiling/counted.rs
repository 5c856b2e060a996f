//! What is counted before anything is compiled.

use innkeeper::{CompileLimits, Compiler, Error, LoadError};
use innkeeper_tests::components::hostile;

use crate::bombs::{
    self, component, connector_with, core, doubling, functions, module, nested_types, number, plain_type, repeated,
    section, sized,
};
use crate::host;

/// The refusal by a host that has no compiler: what is counted needs none.
async fn refusal(bytes: Vec<u8>) -> LoadError {
    let host = host(Compiler::program("/no/compiler"), CompileLimits::default()).await;
    match host.host.load(bytes).await.expect_err("it is refused") {
        Error::Load(error) => error,
        other => panic!("another error: {other}"),
    }
}

async fn too_much(bytes: Vec<u8>) -> (&'static str, u64) {
    match refusal(bytes).await {
        LoadError::TooMuch { what, found, limit, .. } => {
            assert!(found > limit, "{found} of {what}");
            (what, limit)
        }
        other => panic!("another error: {other}"),
    }
}

/// A component of 19 KB took more than two minutes, and each level doubled that.
#[tokio::test]
async fn a_small_component_that_makes_instances_without_end_is_refused() {
    for levels in [20, 60, 900] {
        assert_eq!(too_much(doubling(levels)).await.0, "definitions in all instances", "{levels}");
    }
    assert!(doubling(60).len() < 19_000);
}

#[tokio::test]
async fn a_few_instances_of_nested_components_are_no_bomb() {
    assert!(matches!(refusal(doubling(5)).await, LoadError::OtherWorld { .. }));
}

#[tokio::test]
async fn an_instance_of_an_imported_component_is_refused() {
    let of_type = section(component::TYPE, &[1, 0x41, 0]);
    // (import "a" (component (type 0))) (instance (instantiate 0))
    let import = section(component::IMPORT, &[1, 0, 1, b'a', 0x04, 0]);
    let instance = section(component::INSTANCE, &[1, 0, 0, 0]);
    let nested = bombs::component(&[of_type, import, instance]);
    let error = refusal(bombs::component(&[section(component::COMPONENT, &nested)])).await;
    assert!(matches!(error, LoadError::UnknownNested), "{error}");
}

/// 999,000 functions took 6 GB.
#[tokio::test]
async fn a_million_functions_are_refused_by_their_number() {
    let bytes = connector_with(&functions(999_000, &[0, 0x0b]));
    assert_eq!(too_much(bytes).await, ("functions", 100_000));
}

#[tokio::test]
async fn functions_of_many_modules_count_together() {
    let module = functions(60_000, &[0, 0x0b]);
    let bytes = [connector_with(&module), section(component::MODULE, &module)].concat();
    assert_eq!(too_much(bytes).await.0, "functions");
}

#[tokio::test]
async fn one_large_function_is_refused_by_its_size() {
    // block ... end, two million times within each other.
    let body = [vec![0], [0x02, 0x40].repeat(2_000_000), vec![0x0b; 2_000_001]].concat();
    assert_eq!(too_much(connector_with(&functions(1, &body))).await, ("bytes in one function", 1 << 20));
}

#[tokio::test]
async fn many_locals_are_refused_by_their_number() {
    let body = [vec![1], number(40_000), vec![0x7f, 0x0b]].concat();
    assert_eq!(too_much(connector_with(&functions(1, &body))).await, ("locals in one function", 10_000));
}

#[tokio::test]
async fn many_modules_are_refused_by_their_number() {
    let modules = section(component::MODULE, &module(&[])).repeat(100);
    assert_eq!(too_much(bombs::component(&[modules])).await, ("core modules", 64));
}

#[tokio::test]
async fn many_instances_memories_and_tables_are_refused_by_their_number() {
    let with = |sections: &[Vec<u8>]| section(component::MODULE, &module(sections));
    let instances = |count| repeated(component::CORE_INSTANCE, count, &[0, 0, 0]);
    assert_eq!(too_much(bombs::component(&[with(&[]), instances(5000)])).await.0, "instances of core modules");
    let memory = with(&[section(core::MEMORY, &[1, 0, 1])]);
    assert_eq!(too_much(bombs::component(&[memory, instances(3)])).await.0, "memories");
    let tables = with(&[repeated(core::TABLE, 5, &[0x70, 0, 1])]);
    assert_eq!(too_much(bombs::component(&[tables, instances(2)])).await.0, "tables");
}

#[tokio::test]
async fn table_entries_are_refused_by_their_number() {
    let entries = [vec![1, 0, 0x41, 0, 0x0b], number(300_000), vec![0; 300_000]].concat();
    let bytes = connector_with(&module(&[
        plain_type(),
        section(core::FUNCTION, &[1, 0]),
        section(core::TABLE, &[1, 0x70, 0, 1]),
        section(core::ELEMENT, &entries),
        section(core::CODE, &[vec![1], sized(&[0, 0x0b])].concat()),
    ]));
    assert_eq!(too_much(bytes).await.0, "table entries");
}

/// Such a component ended the host: the parser took a stack frame for each level.
#[tokio::test]
async fn types_within_types_are_refused_before_they_are_read() {
    assert_eq!(too_much(nested_types(500_000)).await.0, "types within types");
}

#[tokio::test]
async fn many_types_are_refused_by_their_number() {
    let bytes = bombs::component(&[repeated(component::TYPE, 300_000, &[0x70, 0x73])]);
    assert_eq!(too_much(bytes).await.0, "definitions");
}

#[tokio::test]
async fn many_custom_sections_are_refused_by_their_number() {
    let bytes = bombs::component(&[section(component::CUSTOM, &[1, b'a']).repeat(300_000)]);
    assert_eq!(too_much(bytes).await.0, "definitions");
}

#[tokio::test]
async fn a_giant_name_is_refused_and_not_repeated() {
    // (import NAME (type (sub resource)))
    let import = [vec![1, 0], sized(&b"a".repeat(90_000)), vec![0x03, 0x01]].concat();
    let error = refusal(bombs::component(&[section(component::IMPORT, &import)])).await.to_string();
    assert!(error.contains("bytes in one name") && error.len() < 500, "{error}");
}

#[tokio::test]
async fn a_refusal_that_lists_names_stays_short() {
    let name = |number: usize| {
        sized(format!("{number:05}-{}", "a".repeat(4000)).replace(|digit: char| digit.is_ascii_digit(), "b").as_bytes())
    };
    let items: Vec<u8> = (0..500).flat_map(|number| [vec![0], name(number), vec![0x01, 0]].concat()).collect();
    let import = section(component::IMPORT, &[number(500), items].concat());
    let function = section(component::TYPE, &[1, 0x40, 0, 0x01, 0]);
    let error = refusal([hostile(), function, import].concat()).await.to_string();
    assert!(error.len() < 8000, "{} bytes", error.len());
}

#[tokio::test]
async fn a_file_of_200_mb_is_refused_by_its_size_without_being_read_whole() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().set_len(200 << 20).expect("it has room");
    let host = host(Compiler::program("/no/compiler"), CompileLimits::default()).await;
    let error = host.host.load_file(file.path()).await.expect_err("it is too large");
    let Error::Load(LoadError::TooMuch { what: "bytes", found, limit, .. }) = error else { panic!("{error}") };
    assert_eq!((found, limit), ((32 << 20) + 1, 32 << 20));
    let error = host.host.load(vec![0; 33 << 20]).await.expect_err("it is too large").to_string();
    assert!(error.contains("at least 34603008 bytes; this host accepts at most 33554432"), "{error}");
}

/// A file that never ends.
#[tokio::test]
async fn a_device_is_read_no_further_than_a_component_may_be() {
    let host = host(Compiler::program("/no/compiler"), CompileLimits::default()).await;
    let error = host.host.load_file("/dev/zero").await.expect_err("it is too large").to_string();
    assert!(error.contains("(the limit `compile_component`)"), "{error}");
}
