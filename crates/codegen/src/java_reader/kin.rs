//! Properties that a class has by those above and below it: each is found once, for all classes together.

use std::collections::BTreeMap;

use crate::classfile::signature::binary_name;

use super::jdk;
use super::methods::is_called;
use super::table::Loaded;

/// Properties of a class by those above and below it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kin {
    /// `true` if its objects can be thrown.
    pub(super) is_exception: bool,
    /// `true` if it implements `Serializable`.
    pub(super) is_serializable: bool,
    /// `true` if it is a collection or map of the JDK, of which elements or entries are written alone.
    pub(super) is_collection: bool,
    /// `true` if it extends a type of protobuf.
    pub(super) is_message: bool,
    /// `true` if it has, or inherits, an abstract method that can be called.
    pub(super) has_methods: bool,
    /// `true` if its superclasses lead back to it.
    pub(super) is_above_itself: bool,
    /// `true` if objects of a class below it exist: one that is neither abstract nor an enum.
    pub(super) has_objects: bool,
    /// `true` if a class is below it, and not only interfaces.
    pub(super) has_classes: bool,
    /// `true` if a class is below it whose objects are made to be sent.
    pub(super) has_sent: bool,
}

/// Classes by numbers, and those above and below each.
struct Graph<'a> {
    classes: Vec<&'a Loaded>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    superclass: Vec<Option<usize>>,
}

/// Finds what all classes are, in their order.
pub(super) fn of(classes: &BTreeMap<String, Loaded>) -> Vec<Kin> {
    let graph = Graph::new(classes);
    let start = |is: &dyn Fn(&Loaded) -> bool| graph.classes.iter().map(|of| is(of)).collect();
    let has_parent = |of: &Loaded, is: &dyn Fn(&str) -> bool| {
        let mut parents = of.file.superclass.iter().chain(&of.file.interfaces);
        parents.any(|name| is(&binary_name(name)))
    };
    let serializable =
        graph.down(start(&|of| has_parent(of, &|name| name == "java.io.Serializable")));
    let collection = |name: &str| crate::jdk::collection(name).is_some();
    let collections = graph.down(start(&|of| has_parent(of, &collection)));
    let messages = graph.down(start(&|of| has_parent(of, &jdk::is_message)));
    let methods = graph.down(start(&|of| {
        of.file.methods.iter().any(|method| method.flags.is_abstract() && is_called(method))
    }));
    let exceptions = graph.exceptions(classes);
    let circles = graph.circles();
    let is_class = |of: &Loaded| !of.is_interface();
    let sent = graph.classes.iter().enumerate().map(|(at, of)| {
        let is = |all: &[bool]| all.get(at).copied().unwrap_or_default();
        let travels = of.is_enum() || of.file.attributes.is_record;
        is_class(of) && (travels || is(&exceptions) || is(&serializable))
    });
    let sent = graph.up(sent.collect());
    let objects = graph.up(start(&Loaded::is_concrete));
    let classes = graph.up(start(&is_class));
    (0..graph.classes.len())
        .map(|at| {
            let is = |all: &[bool]| all.get(at).copied().unwrap_or_default();
            Kin {
                is_exception: is(&exceptions),
                is_serializable: is(&serializable),
                is_collection: is(&collections),
                is_message: is(&messages),
                has_methods: is(&methods),
                is_above_itself: is(&circles),
                has_objects: is(&objects),
                has_classes: is(&classes),
                has_sent: is(&sent),
            }
        })
        .collect()
}

impl<'a> Graph<'a> {
    fn new(classes: &'a BTreeMap<String, Loaded>) -> Self {
        let numbers: BTreeMap<&str, usize> =
            classes.keys().enumerate().map(|(at, name)| (&**name, at)).collect();
        let mut graph = Self {
            classes: classes.values().collect(),
            above: Vec::new(),
            below: vec![Vec::new(); classes.len()],
            superclass: Vec::new(),
        };
        let number = |name| numbers.get(&*binary_name(name)).copied();
        for (at, class) in classes.values().enumerate() {
            let superclass = class.file.superclass.as_deref().and_then(number);
            let interfaces = class.file.interfaces.iter().filter_map(|name| number(name));
            let above: Vec<usize> = superclass.into_iter().chain(interfaces).collect();
            for parent in &above {
                if let Some(below) = graph.below.get_mut(*parent) {
                    below.push(at);
                }
            }
            graph.above.push(above);
            graph.superclass.push(superclass);
        }
        graph
    }

    /// Marks what is below marked classes.
    fn down(&self, mut marked: Vec<bool>) -> Vec<bool> {
        let mut open = numbers_of(&marked);
        while let Some(at) = open.pop() {
            for below in self.below.get(at).into_iter().flatten() {
                mark(&mut marked, *below, &mut open);
            }
        }
        marked
    }

    /// Marks what is above classes, which are not marked themselves.
    fn up(&self, start: Vec<bool>) -> Vec<bool> {
        let mut marked = vec![false; start.len()];
        let mut open = numbers_of(&start);
        while let Some(at) = open.pop() {
            let Some(class) = self.classes.get(at) else { continue };
            for parent in self.above.get(at).into_iter().flatten() {
                let source = self.classes.get(*parent).map(|of| of.source.as_str());
                if class.counts_below(source) {
                    mark(&mut marked, *parent, &mut open);
                }
            }
        }
        marked
    }

    /// The classes whose superclasses end with one that can be thrown.
    fn exceptions(&self, classes: &BTreeMap<String, Loaded>) -> Vec<bool> {
        let is_root = |(name, class): (&String, &Loaded)| {
            let superclass = class.file.superclass.as_deref().map(binary_name);
            jdk::is_throwable(name)
                || superclass.is_some_and(|above| {
                    let is_missing = !classes.contains_key(&above);
                    jdk::is_throwable(&above) || (is_missing && jdk::ends_as_exception(&above))
                })
        };
        let mut marked: Vec<bool> = classes.iter().map(is_root).collect();
        let mut open = numbers_of(&marked);
        while let Some(at) = open.pop() {
            for below in self.below.get(at).into_iter().flatten() {
                if self.superclass.get(*below) == Some(&Some(at)) {
                    mark(&mut marked, *below, &mut open);
                }
            }
        }
        marked
    }

    /// The classes whose superclasses lead back to them.
    fn circles(&self) -> Vec<bool> {
        let mut marked = vec![false; self.classes.len()];
        // The walk on which each class was first met.
        let mut walks: Vec<Option<usize>> = vec![None; self.classes.len()];
        for walk in 0..self.classes.len() {
            let mut at = walk;
            while let Some(known @ None) = walks.get_mut(at) {
                *known = Some(walk);
                match self.superclass.get(at) {
                    Some(Some(above)) => at = *above,
                    _ => break,
                }
            }
            // Met again on the same walk, it is on a circle.
            let begins = self.superclass.get(at).copied().flatten().is_some();
            if begins && walks.get(at) == Some(&Some(walk)) {
                let mut next = Some(at);
                while let Some(at) = next
                    && let Some(mark @ false) = marked.get_mut(at)
                {
                    *mark = true;
                    next = self.superclass.get(at).copied().flatten();
                }
            }
        }
        marked
    }
}

fn numbers_of(marked: &[bool]) -> Vec<usize> {
    marked.iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect()
}

fn mark(marked: &mut [bool], at: usize, open: &mut Vec<usize>) {
    if let Some(is @ false) = marked.get_mut(at) {
        *is = true;
        open.push(at);
    }
}
