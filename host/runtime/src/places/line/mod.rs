//! Who runs, who waits, and whose turn it is. There is no clock and no task in here: each step is a method.
//!
//! After every step:
//! - No more calls run than there are places, and no more of a connection or a space than each may have.
//! - The last places, [`Bounds::kept`] of them, go only to connections that have no call running. So connections
//!   whose calls take long leave places to the others.
//! - A waiting call gets a place if one is free for it.
//! - Spaces take turns, the connections of a space take turns, and the calls of a connection run in the order of
//!   their arrival.

#[cfg(test)]
mod model;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use slab::Slab;

/// Limits of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) places: usize,
    pub(super) running_per_space: usize,
    pub(super) running_per_connection: usize,
    /// Places reserved for connections without a running call.
    pub(super) kept: usize,
    pub(super) waiting: usize,
    pub(super) waiting_per_space: usize,
    pub(super) waiting_per_connection: usize,
}

/// What has no room for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crowded {
    /// The host.
    Host,
    /// The connection's space: other spaces may have room.
    Space,
    /// The connection: others of its space may have room.
    Connection,
}

/// The result of an arrival.
#[derive(Debug)]
pub(super) enum Arrival {
    Seated(Seat),
    Waits(Ticket),
    Full(Crowded),
}

/// A place that is taken. [`Line::release`] releases it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seat {
    connection: usize,
}

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    connection: usize,
    number: u64,
}

/// `S` names spaces, `C` the connections of a space, and `W` is what is returned when a call's turn comes.
#[derive(Debug)]
pub(super) struct Line<S, C, W> {
    bounds: Bounds,
    running: usize,
    waiting: usize,
    /// The next number, for tickets and turns alike.
    next: u64,
    spaces: Slab<Space>,
    spaces_by_name: HashMap<S, usize>,
    connections: Slab<Connection<W>>,
    connections_by_name: HashMap<(usize, C), usize>,
    /// Known connections that have no call.
    idle: usize,
    turns: Turns,
}

/// Those with a waiting call that may have a place, by their turn.
#[derive(Debug, Default)]
struct Turns {
    /// As far as their own limits allow.
    any: BTreeMap<u64, usize>,
    /// Those of them that have a connection without a running call.
    idle: BTreeMap<u64, usize>,
}

#[derive(Debug)]
struct Space {
    running: usize,
    waiting: usize,
    turn: Option<u64>,
    turns: Turns,
}

#[derive(Debug)]
struct Connection<W> {
    space: usize,
    running: usize,
    turn: Option<u64>,
    waiting: BTreeMap<u64, W>,
}

impl<S: Eq + Hash, C: Eq + Hash, W> Line<S, C, W> {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            running: 0,
            waiting: 0,
            next: 0,
            spaces: Slab::new(),
            spaces_by_name: HashMap::new(),
            connections: Slab::new(),
            connections_by_name: HashMap::new(),
            idle: 0,
            turns: Turns::default(),
        }
    }

    /// The number of waiting calls.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a place, or waits for one with what `waiter` makes.
    pub(super) fn arrive(&mut self, space: S, connection: C, waiter: impl FnOnce() -> W) -> Arrival {
        let space = self.space(space);
        let index = self.connection(space, connection);
        if self.connections[index].waiting.is_empty() && self.may_run(index) {
            self.seat(index);
            return Arrival::Seated(Seat { connection: index });
        }
        if let Some(full) = self.full(index) {
            self.forget(index);
            return Arrival::Full(full);
        }
        let number = self.next();
        self.connections[index].waiting.insert(number, waiter());
        self.spaces[space].waiting += 1;
        self.waiting += 1;
        self.line_up(index);
        Arrival::Waits(Ticket { connection: index, number })
    }

    /// Releases a place.
    #[expect(clippy::needless_pass_by_value, reason = "a place is given back once")]
    pub(super) fn release(&mut self, seat: Seat) {
        let Seat { connection: index } = seat;
        let space = self.connections[index].space;
        self.running -= 1;
        self.connections[index].running -= 1;
        self.spaces[space].running -= 1;
        self.line_up(index);
        self.forget(index);
    }

    /// The next call that gets a place now. Called until it returns `None`.
    pub(super) fn next_seated(&mut self) -> Option<(W, Seat)> {
        let free = self.bounds.places - self.running;
        if free == 0 || self.waiting == 0 {
            return None;
        }
        let of = |turns: &Turns| {
            let turns = if free > self.bounds.kept { &turns.any } else { &turns.idle };
            turns.first_key_value().map(|(_, index)| *index)
        };
        let space = of(&self.turns)?;
        let index = of(&self.spaces[space].turns)?;
        let (_, waiter) = self.connections[index].waiting.pop_first()?;
        self.waiting -= 1;
        self.spaces[space].waiting -= 1;
        // After its turn, a connection goes to the end of the line.
        self.step_back(index);
        self.seat(index);
        Some((waiter, Seat { connection: index }))
    }

    /// Removes a call that no longer waits; false if its turn has already come.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        let Ticket { connection: index, number } = ticket;
        let Some(connection) = self.connections.get_mut(index) else { return false };
        if connection.waiting.remove(&number).is_none() {
            return false;
        }
        let space = connection.space;
        self.waiting -= 1;
        self.spaces[space].waiting -= 1;
        self.line_up(index);
        self.forget(index);
        true
    }

    fn may_run(&self, index: usize) -> bool {
        let connection = &self.connections[index];
        let free = self.bounds.places - self.running;
        connection.running < self.bounds.running_per_connection
            && self.spaces[connection.space].running < self.bounds.running_per_space
            && (free > self.bounds.kept || free > 0 && connection.running == 0)
    }

    fn full(&self, index: usize) -> Option<Crowded> {
        let connection = &self.connections[index];
        if connection.waiting.len() >= self.bounds.waiting_per_connection {
            Some(Crowded::Connection)
        } else if self.spaces[connection.space].waiting >= self.bounds.waiting_per_space {
            Some(Crowded::Space)
        } else {
            (self.waiting >= self.bounds.waiting).then_some(Crowded::Host)
        }
    }

    fn seat(&mut self, index: usize) {
        let space = self.connections[index].space;
        self.running += 1;
        self.connections[index].running += 1;
        self.spaces[space].running += 1;
        self.line_up(index);
    }

    /// Removes the turn of a connection and of its space; [`Line::line_up`] gives each a new one.
    fn step_back(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        let space = &mut self.spaces[connection.space];
        if let Some(turn) = connection.turn.take() {
            space.turns.remove(turn);
        }
        if let Some(turn) = space.turn.take() {
            self.turns.remove(turn);
        }
    }

    /// Adds a connection and its space to those whose turn may come, or removes them.
    fn line_up(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        let space = &mut self.spaces[connection.space];
        let any = !connection.waiting.is_empty() && connection.running < self.bounds.running_per_connection;
        let idle = any && connection.running == 0;
        if any || connection.turn.is_some() {
            let turn = *connection.turn.get_or_insert_with(|| count(&mut self.next));
            space.turns.set(turn, index, any, idle);
            connection.turn = any.then_some(turn);
        }
        let open = space.running < self.bounds.running_per_space;
        let (any, idle) = (open && !space.turns.any.is_empty(), open && !space.turns.idle.is_empty());
        if any || space.turn.is_some() {
            let turn = *space.turn.get_or_insert_with(|| count(&mut self.next));
            self.turns.set(turn, connection.space, any, idle);
            space.turn = any.then_some(turn);
        }
    }

    fn space(&mut self, name: S) -> usize {
        if let Some(index) = self.spaces_by_name.get(&name) {
            return *index;
        }
        let space = Space { running: 0, waiting: 0, turn: None, turns: Turns::default() };
        let index = self.spaces.insert(space);
        self.spaces_by_name.insert(name, index);
        index
    }

    /// A connection that is about to have a call.
    fn connection(&mut self, space: usize, name: C) -> usize {
        let key = (space, name);
        if let Some(index) = self.connections_by_name.get(&key) {
            self.idle -= usize::from(self.connections[*index].is_idle());
            return *index;
        }
        let connection = Connection { space, running: 0, turn: None, waiting: BTreeMap::new() };
        let index = self.connections.insert(connection);
        self.connections_by_name.insert(key, index);
        index
    }

    /// Counts a connection whose last call has finished. Most have another one soon, so they are removed only when
    /// there are too many, all at once.
    fn forget(&mut self, index: usize) {
        if !self.connections[index].is_idle() {
            return;
        }
        self.idle += 1;
        if self.idle <= MOST_IDLE {
            return;
        }
        self.idle = 0;
        let (connections, spaces) = (&mut self.connections, &mut self.spaces);
        self.connections_by_name.retain(|_, index| !connections[*index].is_idle());
        connections.retain(|_, connection| !connection.is_idle());
        self.spaces_by_name.retain(|_, index| !spaces[*index].is_idle());
        spaces.retain(|_, space| !space.is_idle());
    }

    fn next(&mut self) -> u64 {
        count(&mut self.next)
    }
}

impl Space {
    fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting == 0
    }
}

impl<W> Connection<W> {
    fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }
}

impl Turns {
    fn set(&mut self, turn: u64, index: usize, any: bool, idle: bool) {
        for (turns, member) in [(&mut self.any, any), (&mut self.idle, idle)] {
            if member {
                turns.insert(turn, index);
            } else {
                turns.remove(&turn);
            }
        }
    }

    fn remove(&mut self, turn: u64) {
        self.any.remove(&turn);
        self.idle.remove(&turn);
    }
}

fn count(next: &mut u64) -> u64 {
    *next += 1;
    *next
}

/// Connections without a call whose names are kept. Tests have few connections.
const MOST_IDLE: usize = if cfg!(test) { 2 } else { 256 };
