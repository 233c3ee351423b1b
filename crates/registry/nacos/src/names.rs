//! Names as Nacos takes them.

/// Java's separator of inner classes, which Nacos refuses.
const INNER: &str = "$";
/// The text that Dubbo writes in its place (Dubbo Java `NacosNamingServiceWrapper`, `NacosConfigServiceWrapper`).
const WRITTEN_INNER: &str = "___";

/// A name for Nacos.
pub(crate) fn to_nacos(name: &str) -> String {
    name.replace(INNER, WRITTEN_INNER)
}

/// A name of Nacos. One that has three underscores of its own is read wrongly; nobody names a class so.
pub(crate) fn from_nacos(name: &str) -> String {
    name.replace(WRITTEN_INNER, INNER)
}
