//! Rules and start-up configuration from the outside.

mod corpus;
