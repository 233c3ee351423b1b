//! Rules and start-up configuration from the outside.

mod corpus;
mod hostile;
mod places;
mod scripted;
mod watching;
