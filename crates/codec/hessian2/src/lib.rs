//! Hessian 2.0 as Dubbo speaks it.
