//! What a component consists of, counted in one pass over its sections. A small file can stand for a lot: an instance
//! of a nested component brings everything that the component has, which may be instances again.

use std::ops::Range;

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentDefinedType, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, ComponentTypeDeclaration, ComponentTypeRef, CoreType, ElementItems,
    Encoding, FunctionBody, Imports, Instance, InstanceTypeDeclaration, Parser, Payload, SectionLimited,
};

use crate::compile_limits::CompileLimits;
use crate::error::LoadError;
use crate::limits::{CORE_INSTANCES, MEMORIES, TABLES};

/// Refuses a component that has more of anything than `limits` allow.
pub(crate) fn count(bytes: &[u8], limits: &CompileLimits) -> Result<(), LoadError> {
    let mut counter = Counter { bytes, limits, scopes: Vec::new(), modules: 0, functions: 0, elements: 0, defined: 0 };
    for payload in Parser::new(0).parse_all(bytes) {
        counter.payload(payload?)?;
    }
    Ok(())
}

struct Counter<'a> {
    bytes: &'a [u8],
    limits: &'a CompileLimits,
    scopes: Vec<Scope>,
    modules: u64,
    functions: u64,
    elements: u64,
    defined: u64,
}

/// A module or component that is being read. An index without an entry here belongs to an import, whose content is
/// unknown.
#[derive(Default)]
struct Scope {
    is_module: bool,
    total: Total,
    modules: Vec<Option<Total>>,
    components: Vec<Option<Total>>,
}

/// What one instance of it brings.
#[derive(Clone, Copy, Default)]
struct Total {
    definitions: u64,
    instances: u64,
    memories: u64,
    tables: u64,
}

impl Total {
    fn add(&mut self, other: Self) {
        self.definitions = self.definitions.saturating_add(other.definitions);
        self.instances = self.instances.saturating_add(other.instances);
        self.memories = self.memories.saturating_add(other.memories);
        self.tables = self.tables.saturating_add(other.tables);
    }
}

impl Counter<'_> {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(encoding == Encoding::Module)?,
            Payload::End(_) => self.leave(),
            Payload::FunctionSection(section) => {
                self.functions = self.functions.saturating_add(u64::from(section.count()));
                most("functions", self.functions, self.limits.functions, Some("functions"))?;
            }
            Payload::CodeSectionEntry(body) => self.body(&body)?,
            Payload::ImportSection(section) => self.core_imports(section)?,
            Payload::ExportSection(section) => {
                for export in section {
                    self.named(&[export?.name])?;
                }
            }
            Payload::TypeSection(section) => self.each(section, |_| 1)?,
            Payload::GlobalSection(section) => self.define(section.count())?,
            Payload::TagSection(section) => self.define(section.count())?,
            Payload::DataSection(section) => self.define(section.count())?,
            Payload::TableSection(section) => {
                self.scope()?.total.tables += u64::from(section.count());
                self.define(section.count())?;
            }
            Payload::MemorySection(section) => {
                self.scope()?.total.memories += u64::from(section.count());
                self.define(section.count())?;
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let entries = match element?.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    self.elements = self.elements.saturating_add(u64::from(entries));
                    most("table entries", self.elements, self.limits.elements, Some("elements"))?;
                    self.define(1)?;
                }
            }
            Payload::CoreTypeSection(section) => self.each(section, core_parts)?,
            Payload::ComponentTypeSection(section) => {
                shallow(self.bytes, section.range())?;
                self.each(section, parts)?;
            }
            Payload::ComponentCanonicalSection(section) => self.define(section.count())?,
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.core_instance(instance?)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.instance(instance?)?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.alias(&alias?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    self.named(&[import.name.name])?;
                    let scope = self.scope()?;
                    match import.ty {
                        ComponentTypeRef::Module(_) => scope.modules.push(None),
                        ComponentTypeRef::Component(_) => scope.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.named(&[export.name.name])?;
                    self.name_again(export.kind, export.index)?;
                }
            }
            Payload::CustomSection(_) => self.define(1)?,
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, is_module: bool) -> Result<(), LoadError> {
        if is_module {
            self.modules += 1;
            most("core modules", self.modules, self.limits.modules, Some("modules"))?;
        }
        if !self.scopes.is_empty() {
            self.define(1)?;
        }
        most("components within components", self.scopes.len() as u64, NESTED_COMPONENTS, None)?;
        self.scopes.push(Scope { is_module, ..Scope::default() });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(ended) = self.scopes.pop() else { return };
        if let Some(scope) = self.scopes.last_mut() {
            let indices = if ended.is_module { &mut scope.modules } else { &mut scope.components };
            indices.push(Some(ended.total));
        }
    }

    fn body(&self, body: &FunctionBody<'_>) -> Result<(), LoadError> {
        let Range { start, end } = body.range();
        let size = end.saturating_sub(start);
        most("bytes in one function", size, self.limits.function as u64, Some("function"))?;
        let mut locals = 0_u64;
        for local in body.get_locals_reader()? {
            locals = locals.saturating_add(u64::from(local?.0));
        }
        most("locals in one function", locals, self.limits.locals, Some("locals"))
    }

    fn core_imports(&mut self, section: SectionLimited<'_, Imports<'_>>) -> Result<(), LoadError> {
        for imports in section {
            match imports? {
                Imports::Single(_, import) => self.named(&[import.module, import.name])?,
                Imports::Compact1 { module, items } => {
                    for item in items {
                        self.named(&[module, item?.name])?;
                    }
                }
                Imports::Compact2 { module, names, .. } => {
                    for name in names {
                        self.named(&[module, name?])?;
                    }
                }
            }
        }
        Ok(())
    }

    fn core_instance(&mut self, instance: Instance<'_>) -> Result<(), LoadError> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                self.define(args.len() + 1)?;
                let scope = self.scope()?;
                let module = at(&scope.modules, module_index).unwrap_or_default();
                scope.total.add(Total { definitions: 0, instances: 1, ..module });
                self.check()
            }
            Instance::FromExports(exports) => self.define(exports.len() + 1),
        }
    }

    fn instance(&mut self, instance: ComponentInstance<'_>) -> Result<(), LoadError> {
        match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                self.define(args.len() + 1)?;
                let scope = self.scope()?;
                let component = at(&scope.components, component_index).ok_or(LoadError::UnknownNested)?;
                scope.total.add(component);
                self.check()
            }
            ComponentInstance::FromExports(exports) => self.define(exports.len() + 1),
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), LoadError> {
        match *alias {
            ComponentAlias::InstanceExport { kind, name, .. } => {
                self.named(&[name])?;
                let scope = self.scope()?;
                match kind {
                    ComponentExternalKind::Module => scope.modules.push(None),
                    ComponentExternalKind::Component => scope.components.push(None),
                    _ => {}
                }
            }
            ComponentAlias::CoreInstanceExport { name, .. } => self.named(&[name])?,
            ComponentAlias::Outer { kind, count, index } => {
                self.define(1)?;
                let outer = self.scopes.iter().rev().nth(count as usize);
                let (module, component) =
                    outer.map(|outer| (at(&outer.modules, index), at(&outer.components, index))).unwrap_or_default();
                let scope = self.scope()?;
                match kind {
                    ComponentOuterAliasKind::CoreModule => scope.modules.push(module),
                    ComponentOuterAliasKind::Component => scope.components.push(component),
                    ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => {}
                }
            }
        }
        Ok(())
    }

    /// An export gives what it exports another index.
    fn name_again(&mut self, kind: ComponentExternalKind, index: u32) -> Result<(), LoadError> {
        let scope = self.scope()?;
        match kind {
            ComponentExternalKind::Module => scope.modules.push(at(&scope.modules, index)),
            ComponentExternalKind::Component => scope.components.push(at(&scope.components, index)),
            _ => {}
        }
        Ok(())
    }

    fn each<'b, T: wasmparser::FromReader<'b>>(
        &mut self,
        section: SectionLimited<'b, T>,
        size: impl Fn(&T) -> usize,
    ) -> Result<(), LoadError> {
        for item in section {
            self.define(size(&item?))?;
        }
        Ok(())
    }

    fn named(&mut self, names: &[&str]) -> Result<(), LoadError> {
        let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
        most("bytes in one name", longest as u64, self.limits.name as u64, Some("name"))?;
        self.define(1)
    }

    fn define(&mut self, more: impl TryInto<u64>) -> Result<(), LoadError> {
        let more = more.try_into().unwrap_or(u64::MAX);
        // Even what is never instantiated is read and checked.
        self.defined = self.defined.saturating_add(more);
        most("definitions", self.defined, self.limits.definitions, Some("definitions"))?;
        let scope = self.scope()?;
        // A module is compiled once, however many instances it has.
        if scope.is_module {
            return Ok(());
        }
        scope.total.definitions = scope.total.definitions.saturating_add(more);
        self.check()
    }

    fn check(&self) -> Result<(), LoadError> {
        let Some(Scope { is_module: false, total, .. }) = self.scopes.last() else { return Ok(()) };
        most("definitions in all instances", total.definitions, self.limits.definitions, Some("definitions"))?;
        most("instances of core modules", total.instances, CORE_INSTANCES.into(), None)?;
        most("memories", total.memories, MEMORIES.into(), None)?;
        most("tables", total.tables, TABLES.into(), None)
    }

    fn scope(&mut self) -> Result<&mut Scope, LoadError> {
        self.scopes.last_mut().ok_or_else(|| LoadError::invalid("a section is outside of every component"))
    }
}

fn at(indices: &[Option<Total>], index: u32) -> Option<Total> {
    indices.get(index as usize).copied().flatten()
}

fn most(what: &'static str, found: u64, limit: u64, setting: Option<&'static str>) -> Result<(), LoadError> {
    if found <= limit { Ok(()) } else { Err(LoadError::TooMuch { what, found, limit, setting }) }
}

/// Refuses deeply nested types before they are read, because each level takes a stack frame. A type that holds
/// declarations (0x41, 0x42) is in another one as a declaration (0x01) of it.
fn shallow(bytes: &[u8], section: Range<u64>) -> Result<(), LoadError> {
    let range = usize::try_from(section.start).ok().zip(usize::try_from(section.end).ok());
    let section = range.and_then(|(start, end)| bytes.get(start..end)).unwrap_or(bytes);
    let nested = section.windows(2).filter(|pair| matches!(pair, [0x01, 0x41 | 0x42])).count();
    most("types within types", nested as u64, NESTED_TYPES, None)
}

/// A type and all its parts.
fn parts(declared: &ComponentType<'_>) -> usize {
    1 + match declared {
        ComponentType::Func(function) => function.params.len() + 1,
        ComponentType::Component(declarations) => declarations.iter().map(component_declaration).sum(),
        ComponentType::Instance(declarations) => declarations.iter().map(instance_declaration).sum(),
        ComponentType::Resource { .. } => 1,
        ComponentType::Defined(defined) => match defined {
            ComponentDefinedType::Record(fields) => fields.len(),
            ComponentDefinedType::Variant(cases) => cases.len(),
            ComponentDefinedType::Tuple(types) => types.len(),
            ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => names.len(),
            _ => 1,
        },
    }
}

fn component_declaration(declaration: &ComponentTypeDeclaration<'_>) -> usize {
    match declaration {
        ComponentTypeDeclaration::CoreType(declared) => core_parts(declared),
        ComponentTypeDeclaration::Type(declared) => parts(declared),
        _ => 1,
    }
}

fn instance_declaration(declaration: &InstanceTypeDeclaration<'_>) -> usize {
    match declaration {
        InstanceTypeDeclaration::CoreType(declared) => core_parts(declared),
        InstanceTypeDeclaration::Type(declared) => parts(declared),
        _ => 1,
    }
}

fn core_parts(declared: &CoreType<'_>) -> usize {
    match declared {
        CoreType::Rec(_) => 1,
        CoreType::Module(declarations) => 1 + declarations.len(),
    }
}

impl From<BinaryReaderError> for LoadError {
    fn from(error: BinaryReaderError) -> Self {
        Self::invalid(error)
    }
}

/// Far more than any contract nests, and few enough for the stack of a thread.
const NESTED_TYPES: u64 = 256;
/// The same for components: memory use while compiling grows faster than their depth.
const NESTED_COMPONENTS: u64 = 64;
