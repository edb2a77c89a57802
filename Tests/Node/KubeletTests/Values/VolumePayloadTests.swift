import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// Which files a volume shows.
struct VolumePayloadTests {
    private static let token = ServiceToken(
        text: "tok", expiresAt: Timestamp(seconds: 900, nanoseconds: 0), refreshAt: Timestamp(seconds: 700, nanoseconds: 0))

    private static func objects(_ pod: Pod) -> ObjectSet {
        var set = ObjectSet(
            configMaps: [
                ConfigMap { ($0.metadata.name, $0.data, $0.binaryData) = ("m", ["k": "v", "x": "y"], ["b": Base64Data([0xff])]) }
            ],
            secrets: [Secret { ($0.metadata.name, $0.data) = ("s", ["p": Base64Data(Array("q".utf8))]) }])
        for order in ObjectReferences(pod).tokens { set.tokens[order] = .success(token) }
        return set
    }

    private struct Case: Sendable {
        /// A volume without its name, as JSON.
        var volume: String
        /// `path=text mode`, sorted.
        var files: [String]
        var error: String?
        init(_ volume: String, _ files: [String]) { (self.volume, self.files) = (volume, files) }
        init(_ volume: String, error: String) { (self.volume, files, self.error) = (volume, [], error) }
    }

    private static let cases = [
        Case(#"{"configMap":{"name":"m"}}"#, ["b=? 644", "k=v 644", "x=y 644"]),
        Case(
            #"{"configMap":{"name":"m","defaultMode":256,"items":[{"key":"k","path":"d/f"},{"key":"x","path":"x","mode":511}]}}"#,
            ["d/f=v 400", "x=y 777"]),
        Case(
            #"{"configMap":{"name":"m","items":[{"key":"none","path":"f"}]}}"#, error: "configmap references non-existent config key: none"),
        Case(#"{"configMap":{"name":"m","optional":true,"items":[{"key":"none","path":"f"}]}}"#, []),
        Case(#"{"configMap":{"name":"none","optional":true}}"#, []),
        Case(#"{"configMap":{"name":"none"}}"#, error: #"configmap "none" not found"#),
        Case(
            #"{"configMap":{"name":"m","items":[{"key":"k","path":"../f"}]}}"#,
            error: #"invalid path "../f": must be relative, without "..""#),
        Case(#"{"secret":{"secretName":"s","defaultMode":288}}"#, ["p=q 440"]),
        Case(#"{"secret":{"secretName":"none"}}"#, error: #"secret "none" not found"#),
        Case(#"{"secret":{"secretName":"s","items":[{"key":"none","path":"f"}]}}"#, error: "references non-existent secret key: none"),
        Case(
            #"{"downwardAPI":{"items":[{"path":"n","fieldRef":{"fieldPath":"metadata.name"}},{"path":"l","mode":256,"fieldRef":{"fieldPath":"metadata.labels"}}]}}"#,
            [#"l=a="b" 400"#, "n=p 644"]),
        Case(
            #"{"projected":{"defaultMode":416,"sources":[{"configMap":{"name":"m","items":[{"key":"k","path":"f"}]}},{"secret":{"name":"s"}},{"serviceAccountToken":{"path":"t"}}]}}"#,
            ["f=v 640", "p=q 640", "t=tok 640"]),
        Case(
            #"{"projected":{"sources":[{"configMap":{"name":"n1"}},{"secret":{"name":"s"}},{"secret":{"name":"n2"}}]}}"#,
            error: #"[configmap "n1" not found, secret "n2" not found]"#),
        Case(
            #"{"projected":{"sources":[{"clusterTrustBundle":{"path":"b","name":"x"}}]}}"#,
            error: "ClusterTrustBundle projection is not supported in this node's agent"),
    ]

    @Test(arguments: cases.indices) func `files with their rights`(index: Int) throws {
        let volume = try #require(try structure(Volume.self, Self.cases[index].volume))
        let pod = makePod("p") { ($0.spec.volumes, $0.metadata.labels) = ([volume], ["a": "b"]) }
        var files: [String] = []
        var error: String?
        do {
            let payload = try #require(
                try VolumePayload.of(volume, DownwardAPI(pod, podIPs: [], KubeletConfiguration()), Self.objects(pod)))
            files = payload.files.map { path, file in
                let text = file.bytes == [0xff] ? "?" : String(decoding: file.bytes, as: UTF8.self)
                return "\(path)=\(text) \(String(file.mode, radix: 8))"
            }
            #expect(payload.refreshAt == (ObjectReferences(pod).tokens.isEmpty ? nil : Self.token.refreshAt))
        } catch let failure as ObjectError { error = failure.description }
        #expect(files.sorted() == Self.cases[index].files)
        #expect(error == Self.cases[index].error)
    }

    private static let users: [(pod: Int64?, containers: [Int64?], sole: UInt32?)] = [
        (nil, [nil], nil), (5, [nil], 5), (nil, [5, 5], 5), (5, [nil, 6], nil), (nil, [5, nil], nil), (7, [8, 8], 8), (nil, [0], 0),
    ]

    @Test(arguments: users.indices) func `a token belongs to the one user of all containers`(index: Int) throws {
        let (shared, own, sole) = Self.users[index]
        let pod = makePod("p") { pod in
            if let shared { pod.spec.securityContext = PodSecurityContext { $0.runAsUser = shared } }
            pod.spec.containers = own.enumerated().map { number, user in
                makeContainer("c\(number)") { container in
                    if let user { container.securityContext = SecurityContext { $0.runAsUser = user } }
                }
            }
        }
        #expect(pod.soleUser == sole)
    }
}
