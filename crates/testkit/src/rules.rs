//! Rules at the keys that Dubbo Java and dubbo-admin write them to, for the tests of config centres.

use crate::wait_until;

/// A rule in a config centre.
#[derive(Debug)]
pub struct WrittenRule {
    /// The group.
    pub group: &'static str,
    /// The key within the group.
    pub key: &'static str,
    /// The texts, one after the other, and each in the words of `dubhe_config::Summary`.
    pub texts: [(&'static str, &'static str); 2],
}

/// A rule of each kind.
pub const RULES: [WrittenRule; 8] = [
    WrittenRule {
        group: "dubbo",
        key: "org.example.Users:1.0.0:north.condition-router",
        texts: [
            (
                "configVersion: v3.0\nscope: service\nforce: true\nenabled: true\npriority: 1\n\
                 runtime: true\nkey: org.example.Users\nconditions:\n\
                 - method=getUser => host=10.0.0.*\n- 'application=shop => '\n",
                "condition rule, 2 conditions, forced",
            ),
            ("conditions: ['=> region=hz']\nenabled: false\n", "condition rule, 1 condition, off"),
        ],
    },
    WrittenRule {
        group: "dubbo",
        key: "users.tag-router",
        texts: [
            (
                "configVersion: v3.0\nforce: false\nenabled: true\nkey: users\ntags:\n\
                 - name: gray\n  addresses: ['10.0.0.3:20880']\n",
                "tag rule, 1 tag",
            ),
            (
                "force: true\ntags:\n- {name: gray, addresses: ['10.0.0.3:20880']}\n\
                 - {name: blue, addresses: ['10.0.0.4:20880']}\n",
                "tag rule, 2 tags, forced",
            ),
        ],
    },
    WrittenRule {
        group: "dubbo",
        key: "users.script-router",
        texts: [
            ("type: javascript\nscript: |\n  invokers\n", "script rule in javascript"),
            ("enabled: false\nscript: 'größer'\n", "script rule in javascript, off"),
        ],
    },
    WrittenRule {
        group: "dubbo",
        key: "org.example.Users::.affinity-router",
        texts: [
            (
                "configVersion: v3.1\naffinityAware:\n  key: region\n  ratio: 20\n",
                "affinity rule by region from 20 %",
            ),
            (
                "configVersion: v3.1\nenabled: false\naffinityAware: {key: zone, ratio: 5}\n",
                "affinity rule by zone from 5 %, off",
            ),
        ],
    },
    WrittenRule {
        group: "dubbo",
        key: "users.configurators",
        texts: [
            (
                "configVersion: v3.0\nscope: application\nkey: users\nenabled: true\nconfigs:\n\
                 - side: consumer\n  addresses: [0.0.0.0]\n  parameters:\n    timeout: 3000\n",
                "configurators, 1 override",
            ),
            (
                "scope: application\nkey: users\nconfigs:\n\
                 - {addresses: [10.0.0.1, 10.0.0.2], parameters: {weight: 50}}\n",
                "configurators, 2 overrides",
            ),
        ],
    },
    WrittenRule {
        group: "dubbo",
        key: "users.MESHAPPRULE",
        texts: [
            (
                "apiVersion: service.dubbo.apache.org/v1alpha1\nkind: DestinationRule\n\
                 metadata: {name: users}\nspec:\n  host: users\n  subsets:\n\
                 \x20 - {name: gray, labels: {env: gray}}\n---\n\
                 apiVersion: service.dubbo.apache.org/v1alpha1\nkind: VirtualService\n\
                 metadata: {name: users}\nspec: {hosts: [users], dubbo: []}\n",
                "mesh rule, 2 documents",
            ),
            (
                "kind: DestinationRule\nmetadata: {name: users}\nspec: {host: users, subsets: []}\n",
                "mesh rule, 1 document",
            ),
        ],
    },
    WrittenRule {
        group: "DUBBO_SERVICEDISCOVERY_MIGRATION",
        key: "shop.migration",
        texts: [
            ("key: shop\nstep: FORCE_INTERFACE\n", "migration rule, FORCE_INTERFACE"),
            (
                "key: shop\nstep: FORCE_APPLICATION\nthreshold: 0.5\n",
                "migration rule, FORCE_APPLICATION",
            ),
        ],
    },
    WrittenRule {
        group: "shop",
        key: "dubbo.properties",
        texts: [
            ("dubbo.consumer.timeout=500\n", "start-up configuration, 1 value"),
            (
                "dubbo.consumer.timeout=500\ndubbo.consumer.retries=0\n",
                "start-up configuration, 2 values",
            ),
        ],
    },
];

/// Writes each of [`RULES`], changes it and removes it, by `write`, which takes group, key and text, and
/// waits after each step until `seen`, of group and key, is what the text says.
///
/// # Panics
/// When one is not seen.
pub async fn write_change_and_remove(
    mut write: impl AsyncFnMut(&'static str, &'static str, Option<&'static str>),
    seen: impl Fn(&str, &str) -> Option<String>,
) {
    for step in 0..=2 {
        for WrittenRule { group, key, texts } in &RULES {
            write(group, key, texts.get(step).map(|(text, _)| *text)).await;
        }
        for WrittenRule { group, key, texts } in &RULES {
            let expected = texts.get(step).map(|(_, summary)| *summary);
            let what = format!("{group}/{key} is seen as {expected:?}");
            wait_until(&what, || seen(group, key).as_deref() == expected).await;
        }
    }
}
