//! Components that are much for their size, written byte by byte.

use innkeeper_tests::components::hostile;

/// Section ids of a core module.
pub(crate) mod core {
    pub(crate) const TYPE: u8 = 1;
    pub(crate) const FUNCTION: u8 = 3;
    pub(crate) const TABLE: u8 = 4;
    pub(crate) const MEMORY: u8 = 5;
    pub(crate) const ELEMENT: u8 = 9;
    pub(crate) const CODE: u8 = 10;
}

/// Section ids of a component.
pub(crate) mod component {
    pub(crate) const CUSTOM: u8 = 0;
    pub(crate) const MODULE: u8 = 1;
    pub(crate) const CORE_INSTANCE: u8 = 2;
    pub(crate) const COMPONENT: u8 = 4;
    pub(crate) const INSTANCE: u8 = 5;
    pub(crate) const ALIAS: u8 = 6;
    pub(crate) const TYPE: u8 = 7;
    pub(crate) const IMPORT: u8 = 10;
}

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A number as WebAssembly writes it.
pub(crate) fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Bytes behind their length.
pub(crate) fn sized(content: &[u8]) -> Vec<u8> {
    [number(content.len()), content.to_vec()].concat()
}

pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], sized(content)].concat()
}

/// A section of one item many times.
pub(crate) fn repeated(id: u8, count: usize, item: &[u8]) -> Vec<u8> {
    section(id, &[number(count), item.repeat(count)].concat())
}

pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [MODULE.to_vec(), sections.concat()].concat()
}

pub(crate) fn component(sections: &[Vec<u8>]) -> Vec<u8> {
    [COMPONENT.to_vec(), sections.concat()].concat()
}

/// A connector that holds this module besides.
pub(crate) fn connector_with(module: &[u8]) -> Vec<u8> {
    [hostile(), section(component::MODULE, module)].concat()
}

/// The type of a function that takes and gives nothing.
pub(crate) fn plain_type() -> Vec<u8> {
    section(core::TYPE, &[1, 0x60, 0, 0])
}

/// A module of `count` functions with this body (locals and instructions).
pub(crate) fn functions(count: usize, body: &[u8]) -> Vec<u8> {
    module(&[plain_type(), repeated(core::FUNCTION, count, &[0]), repeated(core::CODE, count, &sized(body))])
}

/// Each component makes two instances of the one before: `levels` of them are 2 to the power of `levels` instances.
pub(crate) fn doubling(levels: usize) -> Vec<u8> {
    let mut sections = vec![section(component::COMPONENT, &component(&[]))];
    for level in 0..levels {
        let alias = [vec![1, 0x04, 0x02, 1], number(level)].concat();
        let twice = repeated(component::INSTANCE, 2, &[0, 0, 0]);
        sections.push(section(component::COMPONENT, &component(&[section(component::ALIAS, &alias), twice])));
    }
    let last = [vec![1, 0], number(levels), vec![0]].concat();
    sections.push(section(component::INSTANCE, &last));
    component(&sections)
}

/// A type within a type within a type.
pub(crate) fn nested_types(levels: usize) -> Vec<u8> {
    let types = [vec![1], [0x41, 0x01, 0x01].repeat(levels), vec![0x41, 0x00]].concat();
    component(&[section(component::TYPE, &types)])
}

/// A function whose blocks all keep many values alive: compiling it takes seconds.
pub(crate) fn slow() -> Vec<u8> {
    let locals = 2000_usize;
    let mut body = [vec![1], number(locals), vec![0x7f]].concat();
    for block in 0..6000 {
        let (from, to) = (number(block % locals), number((block * 7 + 1) % locals));
        // loop; local.get; i32.const 1; i32.add; local.tee; br_if 0; end
        body.extend([vec![0x03, 0x40, 0x20], from, vec![0x41, 1, 0x6a, 0x22], to, vec![0x0d, 0, 0x0b]].concat());
    }
    body.push(0x0b);
    connector_with(&functions(1, &body))
}
