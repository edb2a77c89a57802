import APIMachinery
import KubernetesAPI
import Testing

@Suite struct PodValidationTests {
    /// A pod with container `c`, whose members and whose spec's members are set to the given ones, with defaults.
    private static func errors(container: JSONValue = [:], spec: JSONValue = [:], metadata: JSONValue = [:]) throws -> [String] {
        var containerJSON: JSONValue = ["name": "c", "image": "busybox:1"]
        for member in container.objectValue?.members ?? [] { containerJSON[member.key] = member.value }
        var specJSON: JSONValue = ["containers": [containerJSON]]
        for member in spec.objectValue?.members ?? [] { specJSON[member.key] = member.value }
        var metadataJSON: JSONValue = ["name": "x", "namespace": "default"]
        for member in metadata.objectValue?.members ?? [] { metadataJSON[member.key] = member.value }
        let (decoded, problems) = Pod.decode(["metadata": metadataJSON, "spec": specJSON], options: .lenient)
        #expect(problems.isEmpty, "\(problems)")
        var pod = try #require(decoded)
        PodDefaults.apply(to: &pod)
        return PodValidation.validate(pod).map(\.description)
    }

    private static func text(_ json: String) throws -> JSONValue { try JSONValue(parsing: json) }

    @Test func `a sound pod passes`() throws {
        #expect(try Self.errors() == [])
        let container = try Self.text(
            """
            {"ports":[{"name":"http","containerPort":80,"hostPort":8080}],
             "env":[{"name":"A","value":"b"},{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['a/b']"}}},
                    {"name":"C","valueFrom":{"resourceFieldRef":{"resource":"limits.memory","divisor":"1Mi"}}}],
             "resources":{"limits":{"cpu":"1","memory":"64Mi","hugepages-2Mi":"4Mi","example.com/x":"2"},"requests":{"cpu":"500m"}},
             "volumeMounts":[{"name":"v","mountPath":"/a","subPath":"b/c"},{"name":"h","mountPath":"/h","readOnly":true,"recursiveReadOnly":"Enabled"}],
             "livenessProbe":{"exec":{"command":["true"]}},"lifecycle":{"preStop":{"sleep":{"seconds":5}}},
             "securityContext":{"runAsUser":0,"seccompProfile":{"type":"Localhost","localhostProfile":"a/b.json"}}}
            """)
        let spec = try Self.text(
            """
            {"initContainers":[{"name":"i","image":"x"},{"name":"s","image":"x","restartPolicy":"Always","startupProbe":{"tcpSocket":{"port":"http"}}}],
             "volumes":[{"name":"v"},{"name":"h","hostPath":{"path":"/etc","type":"Directory"}},
                        {"name":"p","projected":{"sources":[{"configMap":{"name":"m","items":[{"key":"k","path":"a/b"}]}}]}}],
             "dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"],"searches":["a.b","."],"options":[{"name":"ndots","value":"2"}]},
             "hostAliases":[{"ip":"::1","hostnames":["a.b"]}],"tolerations":[{"operator":"Exists"}],"hostUsers":false,
             "securityContext":{"sysctls":[{"name":"net.core.somaxconn","value":"1"}],"supplementalGroups":[1]}}
            """)
        #expect(try Self.errors(container: container, spec: spec) == [])
    }

    @Test(
        arguments: [
            (#"{"name":""}"#, ["name: Required value"]), (#"{"image":""}"#, ["image: Required value"]),
            (#"{"image":" x"}"#, [#"image: Invalid value: " x": must not have leading or trailing whitespace"#]),
            (#"{"ports":[{"containerPort":0}]}"#, ["ports[0].containerPort: Required value"]),
            (
                #"{"ports":[{"containerPort":65536}]}"#,
                ["ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"]
            ),
            (
                #"{"ports":[{"containerPort":1,"protocol":"tcp"}]}"#,
                [#"ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP""#]
            ),
            (
                #"{"ports":[{"containerPort":1,"hostPort":9},{"containerPort":2,"hostPort":9}]}"#,
                [#"ports[1].hostPort: Duplicate value: "TCP//9""#]
            ),
            (#"{"ports":[{"containerPort":1,"name":"a"},{"containerPort":2,"name":"a"}]}"#, [#"ports[1].name: Duplicate value: "a""#]),
            (
                #"{"env":[{"name":"a=b"}]}"#,
                [
                    #"env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='"#
                ]
            ),
            (
                #"{"env":[{"name":"A","value":"x","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}"#,
                [#"env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty"#]
            ),
            (
                #"{"env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"5"}}}]}"#,
                [
                    #"env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource"#
                ]
            ),
            (#"{"envFrom":[{}]}"#, [#"envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`"#]),
            (
                #"{"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}"#,
                [#"resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#]
            ),
            (
                #"{"resources":{"limits":{"example.com/x":"2"},"requests":{"example.com/x":"1"}}}"#,
                [#"resources.requests: Invalid value: "1": must be equal to example.com/x limit of 2"#]
            ),
            (
                #"{"resources":{"requests":{"example.com/x":"1"}}}"#,
                ["resources.limits: Required value: Limit must be set for non overcommitable resources"]
            ),
            (#"{"resources":{"limits":{"hugepages-2Mi":"4Mi"}}}"#, ["resources: Forbidden: HugePages require cpu or memory"]),
            (
                #"{"resources":{"limits":{"cpu":"1","hugepages-2Mi":"3Mi"}}}"#,
                [
                    #"resources.limits[hugepages-2Mi]: Invalid value: "3Mi": must be a whole number of pages of 2Mi"#,
                    #"resources.requests[hugepages-2Mi]: Invalid value: "3Mi": must be a whole number of pages of 2Mi"#,
                ]
            ),
            (
                #"{"resources":{"requests":{"cpu":"-1"}}}"#,
                [#"resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0"#]
            ),
            (#"{"livenessProbe":{}}"#, ["livenessProbe: Required value: must specify a handler type"]),
            (#"{"livenessProbe":{"exec":{"command":[]}}}"#, ["livenessProbe.exec.command: Required value"]),
            (
                #"{"livenessProbe":{"exec":{"command":["a"]},"tcpSocket":{"port":1}}}"#,
                ["livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"]
            ),
            (
                #"{"startupProbe":{"tcpSocket":{"port":1},"successThreshold":2}}"#,
                ["startupProbe.successThreshold: Invalid value: 2: must be 1"]
            ),
            (
                #"{"readinessProbe":{"tcpSocket":{"port":1},"successThreshold":2,"terminationGracePeriodSeconds":1}}"#,
                ["readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes"]
            ),
            (
                #"{"lifecycle":{"preStop":{"sleep":{"seconds":31}}}}"#,
                ["lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"]
            ),
            (
                #"{"restartPolicy":"Sometimes"}"#,
                [#"restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure""#]
            ),
            (
                #"{"restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[1]}}]}"#,
                ["restartPolicy: Required value: must specify restartPolicy when restart rules are used"]
            ),
            (
                #"{"restartPolicy":"Never","restartPolicyRules":[{"action":"Stop"}]}"#,
                [
                    #"restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers""#,
                    "restartPolicyRules[0].exitCodes: Required value: must be specified",
                ]
            ),
            (#"{"volumeMounts":[{"name":"zz","mountPath":"/a"}]}"#, [#"volumeMounts[0].name: Not found: "zz""#]),
            (
                #"{"securityContext":{"runAsUser":2147483647,"runAsGroup":4294967294}}"#,
                ["securityContext.runAsGroup: Invalid value: 4294967294: must be between 0 and 2147483647, inclusive"]
            ),
            (
                #"{"securityContext":{"runAsUser":-1}}"#,
                ["securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]
            ),
            (
                #"{"securityContext":{"privileged":true,"allowPrivilegeEscalation":false}}"#,
                [
                    #"securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"#
                ]
            ),
            (
                #"{"securityContext":{"capabilities":{"add":["CAP_SYS_ADMIN"]},"allowPrivilegeEscalation":false}}"#,
                [
                    #"securityContext: Invalid value: {"Capabilities":{"Add":["CAP_SYS_ADMIN"],"Drop":null},"Privileged":null,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"#
                ]
            ),
            (
                #"{"securityContext":{"procMount":"Unmasked"}}"#,
                [#"securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`"#]
            ),
            (
                #"{"securityContext":{"seccompProfile":{"type":"Localhost"}}}"#,
                ["securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"]
            ),
            (
                #"{"securityContext":{"seccompProfile":{"type":"RuntimeDefault","localhostProfile":"x"}}}"#,
                [#"securityContext.seccompProfile.localhostProfile: Invalid value: "x": can only be set when seccomp type is Localhost"#]
            ),
        ] as [(String, [String])])
    func `refuses of a container`(container: String, expected: [String]) throws {
        let expected = expected.map { "spec.containers[0].\($0)" }
        #expect(try Self.errors(container: Self.text(container)) == expected)
    }

    @Test(
        arguments: [
            (#"{"containers":[]}"#, ["containers: Required value"]),
            (#"{"restartPolicy":"Foo"}"#, [#"restartPolicy: Unsupported value: "Foo": supported values: "Always", "OnFailure", "Never""#]),
            (#"{"initContainers":[{"name":"c","image":"x"}]}"#, [#"initContainers[0].name: Duplicate value: "c""#]),
            (
                #"{"initContainers":[{"name":"i","image":"x","readinessProbe":{"tcpSocket":{"port":1}}}]}"#,
                ["initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"]
            ),
            (#"{"activeDeadlineSeconds":0}"#, ["activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
            (#"{"activeDeadlineSeconds":-1}"#, ["activeDeadlineSeconds: Invalid value: -1: must be between 1 and 2147483647, inclusive"]),
            (
                #"{"hostPID":true,"shareProcessNamespace":true}"#,
                ["securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"]
            ),
            (
                #"{"hostUsers":false,"hostNetwork":true,"hostPID":true,"hostIPC":true}"#,
                [
                    "hostNetwork: Forbidden: when `hostUsers` is false", "hostPID: Forbidden: when `hostUsers` is false",
                    "hostIPC: Forbidden: when `hostUsers` is false",
                ]
            ),
            (#"{"dnsPolicy":"None"}"#, ["dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
            (
                #"{"dnsConfig":{"nameservers":["x"]}}"#,
                [#"dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#]
            ),
            (#"{"hostname":"a.b"}"#, [#"hostname: Invalid value: "a.b": must not contain dots"#]),
            (
                #"{"hostAliases":[{"ip":"x"}]}"#,
                [#"hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#]
            ),
            (#"{"volumes":[{"name":"v"},{"name":"v"}]}"#, [#"volumes[1].name: Duplicate value: "v""#]),
            (
                #"{"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/a"}}]}"#,
                ["volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"]
            ),
            (
                #"{"volumes":[{"name":"v","hostPath":{"path":"/a/../b","type":"X"}}]}"#,
                [
                    #"volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'"#,
                    #"volumes[0].hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket""#,
                ]
            ),
            (
                #"{"volumes":[{"name":"v","configMap":{"name":"m","defaultMode":512,"items":[{"key":"k","path":"/p"},{"key":"k","path":"..p"}]}}]}"#,
                [
                    "volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
                    #"volumes[0].configMap.items[0].path: Invalid value: "/p": must be a relative path"#,
                    #"volumes[0].configMap.items[1].path: Invalid value: "..p": must not start with '..'"#,
                ]
            ),
            (
                #"{"volumes":[{"name":"v","emptyDir":{"sizeLimit":"-1"}}]}"#,
                ["volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity"]
            ),
            (
                #"{"volumes":[{"name":"v","downwardAPI":{"items":[{"path":"p"}]}}]}"#,
                ["volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]
            ),
            (
                #"{"securityContext":{"sysctls":[{"name":"kernel.a","value":"1"},{"name":"kernel/a","value":"2"},{"name":"A","value":"3"}]}}"#,
                [
                    #"securityContext.sysctls[1].name: Duplicate value: "kernel/a""#,
                    #"securityContext.sysctls[2].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"#,
                ]
            ),
            (
                #"{"hostNetwork":true,"securityContext":{"sysctls":[{"name":"net.a","value":"1"}]}}"#,
                [#"securityContext.sysctls[0].name: Invalid value: "net.a": may not be specified when 'hostNetwork' is set to true"#]
            ),
            (
                #"{"tolerations":[{"key":"a","operator":"Exists","value":"b"}]}"#,
                [#"tolerations[0].operator: Invalid value: "b": value must be empty when `operator` is 'Exists'"#]
            ),
            (
                #"{"topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"k","whenUnsatisfiable":"ScheduleAnyway","minDomains":1}]}"#,
                [
                    "topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                    "topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
                ]
            ),
            (
                #"{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":0,"preference":{}}]}}}"#,
                [
                    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100"
                ]
            ),
            (#"{"os":{"name":"foo"}}"#, [#"os: Unsupported value: "foo": supported values: "linux", "windows""#]),
            (
                #"{"schedulingGates":[{"name":"a.b/c"}],"nodeName":"n"}"#,
                ["nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]
            ),
            (#"{"ephemeralContainers":[{"name":"e","image":"x"}]}"#, ["ephemeralContainers: Forbidden: cannot be set on create"]),
        ] as [(String, [String])])
    func `refuses of a spec`(spec: String, expected: [String]) throws {
        #expect(try Self.errors(spec: Self.text(spec)) == expected.map { "spec.\($0)" })
    }

    @Test(
        arguments: [
            (
                #"{"name":"","namespace":""}"#,
                ["metadata.name: Required value: name or generateName is required", "metadata.namespace: Required value"]
            ),
            (
                #"{"labels":{"a b":"c"}}"#,
                [
                    #"metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#
                ]
            ),
            (#"{"annotations":{"A/b":"c"}}"#, []),
            (
                #"{"finalizers":["foo"]}"#,
                [#"metadata.finalizers[0]: Invalid value: "foo": name is neither a standard finalizer name nor is it fully qualified"#]
            ),
            (
                #"{"annotations":{"kubernetes.io/config.mirror":"h"}}"#,
                [
                    #"metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "h": must set spec.nodeName if mirror pod annotation is set"#
                ]
            ),
            (
                #"{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n"}]}"#,
                [#"metadata.ownerReferences.uid: Invalid value: "": must not be empty"#]
            ),
            (
                #"{"generateName":"A_"}"#,
                [
                    #"metadata.generateName: Invalid value: "A_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
                ]
            ),
        ] as [(String, [String])])
    func `refuses of metadata`(metadata: String, expected: [String]) throws {
        #expect(try Self.errors(metadata: Self.text(metadata)) == expected)
    }
}
