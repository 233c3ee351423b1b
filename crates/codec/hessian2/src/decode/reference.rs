//! References: numbering containers, and reading one again.

use super::Decoder;
use super::tables::{Container, Cursor};
use crate::error::{Error, ErrorKind};
use crate::tag;

impl Decoder<'_> {
    /// Numbers the container whose tag is next: its number, and whether it was open already.
    #[inline]
    pub(super) fn open(&mut self) -> Result<(u32, bool), Error> {
        if self.depth >= self.limits.depth {
            return Err(self.too_deep());
        }
        let Cursor { position, containers: number, types, classes } = self.at;
        let was_open = match self.tables.containers.get_mut(number as usize) {
            Some(known) => std::mem::replace(&mut known.open, true),
            None => {
                if number >= self.limits.references {
                    return Err(self.too_many());
                }
                if number as usize == self.tables.containers.capacity() {
                    self.enlarge_table()?;
                }
                self.tables.containers.push(Container { position, types, classes, open: true });
                false
            }
        };
        self.at.containers += 1;
        Ok((number, was_open))
    }

    /// Doubles the table of containers.
    #[cold]
    fn enlarge_table(&mut self) -> Result<(), Error> {
        const LEAST: usize = 4;
        let more = self.tables.containers.len().max(LEAST);
        self.charge(more * size_of::<Container>())?;
        self.tables.containers.reserve_exact(more);
        Ok(())
    }

    #[inline]
    pub(super) fn close(&mut self, number: u32, was_open: bool) {
        if let Some(known) = self.tables.containers.get_mut(number as usize) {
            known.open = was_open;
        }
    }

    /// Reads the reference that is next, and then, with `read`, what it refers to.
    #[inline]
    pub(crate) fn follow<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let start = self.at.position;
        let number = self.read_reference()?;
        if self.tables.containers.get(number as usize).is_some_and(|c| c.open) {
            return Err(cycle().at(start));
        }
        self.replay(number, read)
    }

    /// Reads what is next if it is a reference to a container that is still being read, and says
    /// whether it was.
    pub(crate) fn read_cycle(&mut self) -> Result<bool, Error> {
        if self.peek()? != tag::REFERENCE {
            return Ok(false);
        }
        let here = self.at;
        let number = self.read_reference()?;
        let open = self.tables.containers.get(number as usize).is_some_and(|c| c.open);
        if !open {
            self.at = here;
        }
        Ok(open)
    }

    /// Reads the reference that is next: the number of a container that has been opened.
    pub(crate) fn read_reference(&mut self) -> Result<u32, Error> {
        let start = self.at.position;
        if self.byte()? != tag::REFERENCE {
            self.at.position = start;
            return Err(self.mismatch("a reference"));
        }
        match self.read_small::<u32>("a reference")? {
            number if number < self.at.containers => {
                self.uses.containers = true;
                Ok(number)
            }
            number => Err(Error::new(
                ErrorKind::Reference,
                format!("reference {number} is to nothing read so far; the message is corrupt"),
            )
            .at(start)),
        }
    }

    /// Reads a container again at its place.
    pub(crate) fn replay<T>(
        &mut self,
        number: u32,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(container) = self.tables.containers.get(number as usize) else {
            return Err(self.error(ErrorKind::Reference, format!("there is no container {number}")));
        };
        if self.depth >= self.limits.depth {
            return Err(self.too_deep());
        }
        let Container { position, types, classes, .. } = *container;
        let here = self.at;
        self.at = Cursor { position, containers: number, types, classes };
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        let used = self.at.position.saturating_sub(position);
        self.at = here;
        self.unfold(used)?;
        Ok(read)
    }

    /// Notes that `bytes` of the message have been read once more, or would have been.
    pub(crate) fn unfold(&mut self, bytes: usize) -> Result<(), Error> {
        self.replay = self.replay.checked_sub(bytes).ok_or_else(|| self.too_much_replay())?;
        Ok(())
    }

    #[cold]
    pub(super) fn too_deep(&self) -> Error {
        let detail = format!(
            "values nest deeper than {}; raise Limits::depth (option hessian)",
            self.limits.depth
        );
        self.error(ErrorKind::Limit, detail)
    }

    #[cold]
    fn too_many(&self) -> Error {
        let most = self.limits.references;
        let detail = format!(
            "there are more than {most} lists, maps and objects; raise Limits::references (option hessian)"
        );
        self.error(ErrorKind::Limit, detail)
    }

    #[cold]
    fn too_much_replay(&self) -> Error {
        self.error(
            ErrorKind::Limit,
            "references unfold the message too far; read it as Value, which keeps sharing, \
             or raise Limits::replay (option hessian)",
        )
    }
}

#[cold]
fn cycle() -> Error {
    Error::new(
        ErrorKind::Cycle,
        "the reference is to the value that holds it; read a cycle as Value",
    )
}
