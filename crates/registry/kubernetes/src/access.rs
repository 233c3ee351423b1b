//! Every use that this crate makes of the API server, as the manifests grant them.
//!
//! A request cannot be made without a variant of [`Access`], so that this list is whole; a test
//! compares it with the roles of `deploy/kubernetes/roles.yaml`.

/// A kind of object of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    Services,
    EndpointSlices,
    Pods,
    ConfigMaps,
    ServiceImports,
}

impl Resource {
    /// The API group, empty for the core.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Services | Self::Pods | Self::ConfigMaps => "",
            Self::EndpointSlices => "discovery.k8s.io",
            Self::ServiceImports => "multicluster.x-k8s.io",
        }
    }

    /// The path of the group and version.
    fn prefix(self) -> &'static str {
        match self {
            Self::Services | Self::Pods | Self::ConfigMaps => "/api/v1",
            Self::EndpointSlices => "/apis/discovery.k8s.io/v1",
            Self::ServiceImports => "/apis/multicluster.x-k8s.io/v1alpha1",
        }
    }

    /// The name in paths and in roles.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::EndpointSlices => "endpointslices",
            Self::Pods => "pods",
            Self::ConfigMaps => "configmaps",
            Self::ServiceImports => "serviceimports",
        }
    }
}

macro_rules! accesses {
    ($($(#[$doc:meta])* $name:ident: $resource:ident $verb:literal;)*) => {
        /// A request to the API server, by what it needs a permission for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Access { $($(#[$doc])* $name,)* }

        impl Access {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The kind of object.
            pub(crate) fn resource(self) -> Resource {
                match self { $(Self::$name => Resource::$resource,)* }
            }

            /// The verb as roles have it.
            pub(crate) fn verb(self) -> &'static str {
                match self { $(Self::$name => $verb,)* }
            }
        }
    };
}

accesses! {
    /// The Services of a namespace: the names of applications.
    ListServices: Services "list";
    WatchServices: Services "watch";
    /// The addresses behind Services.
    ListSlices: EndpointSlices "list";
    WatchSlices: EndpointSlices "watch";
    /// The metadata of pods: annotations and the hash of their template.
    ListPods: Pods "list";
    WatchPods: Pods "watch";
    /// The metadata of applications.
    ListMaps: ConfigMaps "list";
    WatchMaps: ConfigMaps "watch";
    GetMap: ConfigMaps "get";
    CreateMap: ConfigMaps "create";
    PatchMap: ConfigMaps "patch";
    /// The own pod.
    GetPod: Pods "get";
    PatchPod: Pods "patch";
    /// What other clusters of a set export.
    ListImports: ServiceImports "list";
    WatchImports: ServiceImports "watch";
}

impl Access {
    /// The HTTP method.
    pub(crate) fn method(self) -> http::Method {
        match self.verb() {
            "create" => http::Method::POST,
            "patch" => http::Method::PATCH,
            _ => http::Method::GET,
        }
    }

    /// The path of the objects in a namespace, or of one by its name.
    pub(crate) fn path(self, namespace: &str, name: Option<&str>) -> String {
        let resource = self.resource();
        let (prefix, plural) = (resource.prefix(), resource.plural());
        match name {
            None => format!("{prefix}/namespaces/{namespace}/{plural}"),
            Some(name) => format!("{prefix}/namespaces/{namespace}/{plural}/{name}"),
        }
    }
}
