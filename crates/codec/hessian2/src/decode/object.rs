//! Objects and class definitions.

use std::borrow::Cow;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::memory::BLOCK;

use super::tables::{ClassNames, Slot, WireClass};
use super::{Decoder, Entries};
use crate::class::Class;
use crate::error::{Error, ErrorKind};
use crate::tag;

/// The value that begins at the present position, seen past class definitions.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// An instance of the class of that number, whose tag is next.
    Object(usize),
    /// A value that is no object, with its tag.
    Other(u8),
}

impl<'de> Decoder<'de> {
    /// Reads an object of any class. `field` is called once for every field that `class` has too,
    /// in wire order, with its index in [`Class::fields`], and must read one value. Other fields
    /// are skipped. A field that a subclass hides comes twice, the subclass's value last.
    ///
    /// A map with text keys is taken for an object, as Java peers send one for a class that they
    /// do not have.
    ///
    /// # Errors
    /// Those of `field`; [`Mismatch`](ErrorKind::Mismatch) when no object is there.
    #[inline]
    pub fn read_object(
        &mut self,
        class: &'static Class,
        mut field: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.read_start()? {
            start @ Start::Object(number) => {
                self.object(start, |d, wire| match d.slot(number, wire, class) {
                    Some(slot) => field(d, usize::from(slot)),
                    None => d.skip_value(),
                })
            }
            Start::Other(tag::REFERENCE) => self.follow(|d| d.read_object(class, field)),
            Start::Other(tag @ (tag::MAP | tag::TYPED_MAP)) => {
                self.map(tag, |d, _, entries| d.fields_of_map(entries, class, &mut field))
            }
            Start::Other(_) => Err(self.mismatch(class.name())),
        }
    }

    /// Reads an object with `read` if the fields of its class are those of `class` in the same
    /// order; `read` must read a value for each. Reads at most class definitions otherwise.
    #[inline]
    pub(crate) fn read_object_in_order<T>(
        &mut self,
        class: &'static Class,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.read_start()? {
            start @ Start::Object(number) if self.is_in_order(number, class) => {
                self.object_with(start, |d, _| read(d)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The class of the object that is next, without reading the object; none when it is something
    /// else.
    ///
    /// # Errors
    /// Those of a malformed class definition or reference.
    pub fn peek_class(&mut self) -> Result<Option<&str>, Error> {
        let number = match self.read_start()? {
            Start::Object(number) => Some(number),
            Start::Other(tag::REFERENCE) => {
                let here = self.at;
                let number = self.read_reference()?;
                self.at = here;
                self.replay(number, |d| match d.read_start()? {
                    Start::Object(number) => Ok(Some(number)),
                    Start::Other(_) => Ok(None),
                })?
            }
            Start::Other(_) => None,
        };
        Ok(number.map(|number| self.class_name(number)))
    }

    /// The class of the object that is next, or that of a list or map which names one, without reading it: a class that
    /// extends a collection is written as a list. It is by this that an enum over subclasses chooses.
    ///
    /// # Errors
    /// As [`peek_class`](Self::peek_class).
    pub fn peek_type(&mut self) -> Result<Option<&str>, Error> {
        let number = match self.read_start()? {
            Start::Object(_) => return self.peek_class(),
            Start::Other(tag::REFERENCE) => {
                let here = self.at;
                let number = self.read_reference()?;
                self.at = here;
                match self.replay(number, |d| match d.read_start()? {
                    Start::Object(_) => Ok(None),
                    Start::Other(tag) => d.type_ahead(tag),
                })? {
                    None => return self.peek_class(),
                    known => known,
                }
            }
            Start::Other(tag) => self.type_ahead(tag)?,
        };
        let known = number.and_then(|number| self.tables.types.get(number));
        Ok(known.map(|known| &*known.text))
    }

    /// The number of the type of the list or map that begins with `tag`, which is next and remains so.
    fn type_ahead(&mut self, tag: u8) -> Result<Option<usize>, Error> {
        let is_typed =
            matches!(tag, 0x70..=0x77 | tag::TYPED_LIST_OPEN | tag::TYPED_LIST | tag::TYPED_MAP);
        if !is_typed {
            return Ok(None);
        }
        let here = self.at;
        self.at.position += 1;
        let number = self.read_type()?;
        self.at = here;
        Ok(Some(number))
    }

    /// Reads a constant of a Java enum: an object whose field `name` says which. Text is taken as
    /// the name itself.
    ///
    /// # Errors
    /// [`Mismatch`](ErrorKind::Mismatch) when neither is there.
    pub fn read_constant(&mut self) -> Result<Cow<'de, str>, Error> {
        static CONSTANT: Class = Class::new("java.lang.Enum", &["name"]);
        if Self::is_str(self.peek()?) {
            return self.read_str();
        }
        let (start, mut name) = (self.at.position, None);
        self.read_object(&CONSTANT, |d, _| {
            name = Some(d.read_str()?);
            Ok(())
        })?;
        name.ok_or_else(|| Error::missing_field(CONSTANT.name(), "name").at(start))
    }

    /// Reads a constant of the enum `class`, whose constants are `names` in the order of Java. JSON and
    /// generic calls have it as its ordinal too, and as a text in any case (fastjson2).
    ///
    /// # Errors
    /// As [`read_constant`](Self::read_constant).
    #[inline]
    pub fn read_constant_of(
        &mut self,
        class: &str,
        names: &[&'static str],
    ) -> Result<Cow<'de, str>, Error> {
        if self.realizes() {
            return self.realize_constant(class, names);
        }
        self.read_constant()
    }

    /// Reads class definitions, if any, up to the tag of a value.
    #[inline]
    pub(crate) fn read_start(&mut self) -> Result<Start, Error> {
        loop {
            let tag = self.peek()?;
            let number = match tag {
                0x60..=0x6f => usize::from(tag - tag::OBJECT_DIRECT),
                tag::OBJECT => {
                    let here = self.at.position;
                    self.at.position += 1;
                    let number = self.read_small::<u16>("the number of a class")?;
                    self.at.position = here;
                    usize::from(number)
                }
                tag::CLASS => {
                    self.read_definition()?;
                    continue;
                }
                _ => return Ok(Start::Other(tag)),
            };
            if number < usize::from(self.at.classes) {
                self.uses.classes = true;
                return Ok(Start::Object(number));
            }
            let detail =
                format!("class {number} is used before it is defined; the message is corrupt");
            return Err(self.error(ErrorKind::Reference, detail));
        }
    }

    /// Reads the object that [`read_start`](Self::read_start) found; `field` reads one value for
    /// each field of its class, by index.
    #[inline]
    pub(crate) fn object(
        &mut self,
        start: Start,
        mut field: impl FnMut(&mut Self, u16) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.object_with(start, |d, fields| (0..fields).try_for_each(|index| field(d, index)))
    }

    /// Reads the object that [`read_start`](Self::read_start) found; `read` gets the number of its
    /// fields and reads one value for each.
    #[inline]
    pub(crate) fn object_with<T>(
        &mut self,
        start: Start,
        read: impl FnOnce(&mut Self, u16) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Start::Object(number) = start else { return Err(self.mismatch("an object")) };
        let fields = self.tables.classes.get(number).map_or(0, |class| class.len);
        self.container(|d| {
            if d.byte()? == tag::OBJECT {
                d.read_i32()?;
            }
            read(d, fields)
        })
    }

    /// The name of a class that has been defined.
    pub(crate) fn class_name(&self, number: usize) -> &str {
        self.tables.classes.get(number).map_or("", |class| &class.name)
    }

    /// The name of a field of the class of an object.
    pub(crate) fn field_name(&self, start: Start, field: u16) -> &Cow<'de, str> {
        let Start::Object(number) = start else { return &Cow::Borrowed("") };
        let class = self.tables.classes.get(number);
        let name = class.and_then(|c| self.tables.fields.get(c.start + usize::from(field)));
        name.unwrap_or(&Cow::Borrowed(""))
    }

    /// The names of a class, as shared strings that are made once.
    pub(crate) fn class_names(&mut self, number: usize) -> Result<Arc<ClassNames>, Error> {
        let Some(class) = self.tables.classes.get_mut(number) else {
            return Err(self.mismatch("an object"));
        };
        if let Some(names) = &class.names {
            return Ok(names.clone());
        }
        let range = class.start..class.start + usize::from(class.len);
        let fields = self.tables.fields.get(range).unwrap_or_default();
        let text = |name: &str| size_of::<ByteString>() + name.len() + BLOCK;
        let cost = text(&class.name) + fields.iter().map(|name| text(name)).sum::<usize>();
        let names = Arc::new(ClassNames {
            class: ByteString::from(&*class.name),
            fields: fields.iter().map(|name| ByteString::from(&**name)).collect(),
        });
        class.names = Some(names.clone());
        self.charge(cost)?;
        Ok(names)
    }

    /// The text of a type, as a shared string that is made once.
    pub(crate) fn type_name(&mut self, number: usize) -> Result<Option<ByteString>, Error> {
        let Some(known) = self.tables.types.get_mut(number) else { return Ok(None) };
        if let Some(name) = &known.name {
            return Ok(Some(name.clone()));
        }
        let name = ByteString::from(&*known.text);
        known.name = Some(name.clone());
        self.charge_block(name.len())?;
        Ok(Some(name))
    }

    /// The index in `target` of a field of a wire class. The plan of all fields is made when the
    /// class is first read as that type.
    #[inline]
    fn slot(&mut self, number: usize, field: u16, target: &'static Class) -> Option<u16> {
        let start = self.planned(number, target)?.start;
        self.tables.plan.get(start + usize::from(field)).copied().flatten()
    }

    /// Returns `true` if the fields of a wire class are those of `target`, in the same order.
    #[inline]
    fn is_in_order(&mut self, number: usize, target: &'static Class) -> bool {
        self.planned(number, target).is_some_and(|class| class.in_order)
    }

    /// A class, with the plan made for `target`.
    #[inline]
    fn planned(&mut self, number: usize, target: &'static Class) -> Option<&WireClass<'de>> {
        let known = self.tables.classes.get(number)?.target;
        if !known.is_some_and(|known| std::ptr::eq(known, target)) {
            self.plan(number, target);
        }
        self.tables.classes.get(number)
    }

    #[cold]
    fn plan(&mut self, number: usize, target: &'static Class) {
        let Some(class) = self.tables.classes.get_mut(number) else { return };
        class.target = Some(target);
        let range = class.start..class.start + usize::from(class.len);
        let fields = self.tables.fields.get(range.clone()).unwrap_or_default();
        let plan = self.tables.plan.get_mut(range).unwrap_or_default();
        class.in_order = fields.iter().map(|name| &**name).eq(target.fields().iter().copied());
        let mut near = usize::MAX;
        for (name, slot) in fields.iter().zip(plan) {
            let found = target.index_of(name, near);
            near = found.unwrap_or(near);
            *slot = found.and_then(|found| u16::try_from(found).ok());
        }
    }

    fn fields_of_map(
        &mut self,
        entries: &mut Entries,
        class: &'static Class,
        field: &mut impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut near = usize::MAX;
        while entries.next(self)? {
            if !Self::is_str(self.peek()?) {
                self.skip_value()?;
                self.skip_value()?;
                continue;
            }
            let name = self.read_str()?;
            match class.index_of(&name, near) {
                Some(found) => {
                    near = found;
                    field(self, found)?;
                }
                None => self.skip_value()?,
            }
        }
        Ok(())
    }

    /// Reads a class definition: name, number of fields, names of fields.
    fn read_definition(&mut self) -> Result<(), Error> {
        let tag = self.at.position;
        self.at.position += 1;
        if let Some(known) = self.tables.classes.get(usize::from(self.at.classes)) {
            self.at.position = known.definition.end;
            self.at.classes += 1;
            return Ok(());
        }
        if self.at.classes >= self.limits.classes {
            let detail = format!(
                "the message defines more than {} classes; raise Limits::classes (option hessian)",
                self.limits.classes
            );
            return Err(self.error(ErrorKind::Limit, detail));
        }
        let name = self.read_str()?;
        let here = self.at.position;
        let len = self.read_i32()?;
        let Some(len) = u16::try_from(len).ok().filter(|len| *len <= self.limits.fields) else {
            let detail = format!(
                "a class has {len} fields, more than {}; raise Limits::fields (option hessian)",
                self.limits.fields
            );
            return Err(Error::new(ErrorKind::Limit, detail).at(here));
        };
        // Tables have room for at most twice what is in them.
        self.charge(2 * size_of::<WireClass<'_>>())?;
        let start = self.tables.fields.len();
        for _ in 0..len {
            let field = self.read_str()?;
            self.charge(2 * (size_of::<Cow<'_, str>>() + size_of::<Slot>()))?;
            self.tables.fields.push(field);
            self.tables.plan.push(None);
        }
        self.tables.classes.push(WireClass {
            name,
            start,
            len,
            definition: tag..self.at.position,
            target: None,
            in_order: false,
            names: None,
        });
        self.at.classes += 1;
        Ok(())
    }
}
