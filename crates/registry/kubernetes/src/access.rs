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
    /// Imports: what other clusters of a set export.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The requests that each role is for.
    const ROLES: [(&str, &[Access]); 5] = [
        (
            "dubhe-consumer",
            &[
                Access::ListServices,
                Access::WatchServices,
                Access::ListSlices,
                Access::WatchSlices,
                Access::ListPods,
                Access::WatchPods,
                Access::GetMap,
                Access::ListMaps,
                Access::WatchMaps,
            ],
        ),
        (
            "dubhe-provider",
            &[
                Access::GetPod,
                Access::ListPods,
                Access::GetMap,
                Access::ListMaps,
                Access::WatchMaps,
                Access::CreateMap,
                Access::PatchMap,
            ],
        ),
        ("dubhe-provider-annotation", &[Access::PatchPod]),
        (
            "dubhe-config-editor",
            &[Access::GetMap, Access::ListMaps, Access::CreateMap, Access::PatchMap],
        ),
        ("dubhe-multicluster", &[Access::ListImports, Access::WatchImports]),
    ];

    type Permission = (String, String, String);

    fn permission(access: Access) -> Permission {
        let resource = access.resource();
        (resource.group().into(), resource.plural().into(), access.verb().into())
    }

    fn manifests(file: &str) -> Vec<Value> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/kubernetes/");
        let text = std::fs::read_to_string(format!("{folder}{file}")).unwrap();
        serde_saphyr::from_multiple(&text).unwrap()
    }

    fn texts(of: &Value) -> Vec<String> {
        of.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// The permissions of a Role, each written out.
    fn granted(role: &Value) -> BTreeSet<Permission> {
        let mut all = BTreeSet::new();
        for rule in role["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        let new = all.insert((group.clone(), resource.clone(), verb));
                        assert!(new, "granted twice: {role}");
                    }
                }
            }
        }
        all
    }

    #[test]
    fn roles_grant_what_is_used_and_no_more() {
        let roles = manifests("roles.yaml");
        let names: Vec<_> =
            roles.iter().map(|role| role["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ROLES.map(|(name, _)| name));
        for (role, (name, accesses)) in roles.iter().zip(ROLES) {
            let used: BTreeSet<_> = accesses.iter().map(|access| permission(*access)).collect();
            assert_eq!(granted(role), used, "{name}");
            assert_eq!(
                (&role["kind"], &role["metadata"]["namespace"]),
                (&"Role".into(), &"shop".into())
            );
        }
        // No request of this crate is without a role.
        for access in Access::ALL {
            assert!(ROLES.iter().any(|(_, all)| all.contains(access)), "{access:?}");
        }
    }

    #[test]
    fn manifests_bind_roles_that_are_there() {
        for (file, role) in
            [("provider.yaml", "dubhe-provider"), ("consumer.yaml", "dubhe-consumer")]
        {
            let objects = manifests(file);
            let of = |kind: &str| {
                objects
                    .iter()
                    .find(|object| object["kind"] == kind)
                    .unwrap_or_else(|| panic!("{file}: {kind}"))
            };
            let (account, binding, pods) =
                (of("ServiceAccount"), of("RoleBinding"), of("Deployment"));
            assert_eq!(binding["roleRef"]["name"], role);
            assert_eq!(binding["subjects"][0]["name"], account["metadata"]["name"]);
            let spec = &pods["spec"]["template"]["spec"];
            assert_eq!(spec["serviceAccountName"], account["metadata"]["name"]);
            assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "shop"));
            let url = spec["containers"][0]["env"][0]["value"].as_str().unwrap();
            crate::KubernetesOptions::parse(url).unwrap();
        }
    }

    #[test]
    fn paths_are_those_of_the_server() {
        let slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
        assert_eq!(Access::ListSlices.path("shop", None), slices);
        assert_eq!(Access::GetMap.path("a", Some("b")), "/api/v1/namespaces/a/configmaps/b");
    }
}
