/// What differs from the recorded answers on purpose, with the reason. Every other difference fails the test, and so does an entry that no
/// longer differs: the list can only become shorter by mending, and longer by decision.
struct Deliberate {
    let reason: String
    /// By topic: the names of the recorded requests.
    let names: [String: [String]]

    static func names(of topic: String) -> Set<String> { Set(all.flatMap { $0.names[topic] ?? [] }) }

    static let all: [Deliberate] = [
        Deliberate(
            reason: "what the parser expected at the end of an expression is worded otherwise",
            names: ["errors": ["Webhook: condition bad CEL"]]),
        Deliberate(
            reason: "kinds and fields that came after 1.33, which the served types are of",
            names: [
                "errors": [
                    "query: resourceslices by spec.driver", "pod: env fileKeyRef empty", "pod: hostnameOverride invalid",
                    "pod: securityContext capability empty is taken",
                ],
                "defaults": [
                    "VolumeAttributesClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "DeviceClass", "ResourceClaim",
                    "ResourceClaimTemplate", "ResourceSlice",
                ],
                "tables": [
                    "columns of MutatingAdmissionPolicy in admissionregistration.k8s.io/v1",
                    "columns of MutatingAdmissionPolicyBinding in admissionregistration.k8s.io/v1",
                    "columns of DeviceClass in resource.k8s.io/v1", "columns of ResourceClaim in resource.k8s.io/v1",
                    "columns of ResourceClaimTemplate in resource.k8s.io/v1", "VolumeAttributesClass", "MutatingAdmissionPolicy",
                    "MutatingAdmissionPolicyBinding", "DeviceClass", "ResourceClaim", "ResourceSlice",
                ],
            ]),
        Deliberate(
            reason: "the recording is a sample: a request that this one builds on is not among the recorded ones",
            names: [
                "errors": [
                    "pod sub: ephemeralcontainers changed", "immutable: job template/spec/nodeSelector",
                    "immutable: job template/spec/containers/0/resources", "immutable: suspended job template image",
                    "immutable: pvc volumeName changed",
                    "delete: job is left with the orphan finalizer", "Job: Indexed without completions", "PDB: empty spec is taken",
                    "PVC: request over limit", "immutable: pod terminationGracePeriodSeconds", "immutable: pod dnsPolicy",
                    "immutable: pod nodeSelector",
                ],
                "defaults": ["CertificateSigningRequest", "Scale of statefulsets"],
                "patches": [
                    "apply: first leaves out its fields; shared ones stay", "apply: second leaves out everything",
                    "apply: replicas given up, defaulted", "apply: after the scale", "apply: spec through status is not owned",
                    "scale, seen on the deployment", "apply: conflict with the scaler", "apply: service selector is atomic",
                    "apply: status by apply", "apply: status conditions by type",
                ],
                "tables": ["CertificateSigningRequest approved", "CertificateSigningRequest denied"],
                "watch": ["collection, old path", "custom resource", "custom resource, definition changes"],
            ]),
        Deliberate(
            reason: "objects of a new cluster, which the control plane makes and not this server alone",
            names: [
                "errors": ["FlowSchema: delete of exempt comes back", "review: access non resource"],
                "tables": [
                    "FlowSchema system-nodes", "PriorityLevelConfiguration exempt", "PriorityLevelConfiguration catch-all",
                    "APIService local",
                ],
            ]),
        Deliberate(
            reason: "a message that says what would be right: people read it, programs do not",
            names: [
                "errors": [
                    "body: bad yaml", "body: yaml unbalanced", "body: yaml tab indent", "patch: json patch change kind",
                    "patch: merge change kind", "patch: merge change apiVersion",
                ], "tables": ["column descriptions"],
            ]),
        Deliberate(
            reason: "bytes that are no UTF-8 are refused: what is stored is answered as it came, and nothing is changed in silence",
            names: ["errors": ["body: invalid utf-8"]]),
        Deliberate(
            reason: "the Status is JSON, and its Content-Type says so",
            names: ["errors": ["query: list timeout tiny"]]),
        Deliberate(
            reason: "every unknown field is named, not only the first sixty",
            names: ["errors": ["fields: many unknown, Strict"]]),
        Deliberate(
            reason: "a cause is told once; upstream checks some fields twice and tells the cause as often",
            names: [
                "errors": [
                    "immutable: pod image empty", "immutable: job selector", "immutable: job podFailurePolicy",
                    "immutable: node /spec/taints 3", "immutable: node /spec/taints 4", "HPA: metric without type",
                    "HPA: metric type unknown", "name: job name of 64", "patch: merge bad label", "CR: float for integer",
                ]
            ]),
        Deliberate(
            reason: "servers of an extension API are refused by name when they are registered: aggregation is not there yet",
            names: ["errors": ["APIService: service is missing"]]),
        Deliberate(
            reason: "a stream to a pod, service or node needs a way to it, which this server is not given; the tests of streams give one",
            names: [
                "errors": [
                    "route: log of a missing pod", "route: proxy to a missing service", "route: proxy to a missing node",
                    "pod sub: log of a pod without node", "pod sub: log of an unknown container", "pod sub: log with a bad tailLines",
                    "pod sub: log tailLines not a number", "pod sub: log with both sinces", "pod sub: log limitBytes 0",
                    "pod sub: exec of a pod without node", "pod sub: exec without streams", "pod sub: exec of an unknown container",
                    "pod sub: attach to a pod without node", "pod sub: proxy to a pod without address",
                    "pod sub: exec when the node is missing",
                ]
            ]),
        Deliberate(
            reason: "a webhook needs a way to it, which this server is not given; the tests of webhooks give one",
            names: ["errors": ["webhook: unreachable", "webhook: service missing"]]),
        Deliberate(
            reason: "a flow schema or priority level is stored and not obeyed, which a warning says",
            names: [
                "errors": ["FlowSchema: precedence 0 is defaulted"], "defaults": ["FlowSchema", "PriorityLevelConfiguration"],
            ]),
        Deliberate(
            reason: "the object that a message quotes has its members in this server's order",
            names: [
                "errors": ["patch: merge with an unknown field, Strict", "patch: json patch with an unknown member, Strict"],
                "patches": ["json: number as a whole float"],
            ]),
        Deliberate(
            reason: "the kind is deprecated since 1.19, and there are no components to be listed",
            names: ["tables": ["columns of ComponentStatus in v1"]]),
        Deliberate(
            reason: "a warning is for what is taken: a refusal has its own text",
            names: ["errors": ["pod: apparmor annotation invalid"]]),
        Deliberate(
            reason: "a review's refusal shows what was asked as it was asked",
            names: ["errors": ["review: access both attributes", "review: access bad field selector"]]),
        Deliberate(
            reason: "a whole number is one however it is written",
            names: ["errors": ["CR: whole float for integer"]]),
        Deliberate(
            reason: "an object of another version is not read by the schema of this one before it is refused",
            names: ["errors": ["CR: version differs"]]),
        Deliberate(
            reason: "a number of replicas is refused where it is written, in the Scale",
            names: ["errors": ["CR: scale put invalid"]]),
        Deliberate(
            reason: "the data may not change, and has not: upstream compares encodings there",
            names: ["errors": ["immutable: controllerrevision /revision 1"]]),
    ]
}
