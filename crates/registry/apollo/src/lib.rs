//! Apollo as a config centre.
