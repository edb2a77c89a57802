import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

/// Which objects a pod takes something from.
struct ReferenceTests {
    @Test func `wherever they stand in it`() throws {
        let json = try JSONValue(
            parsing: """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","uid":"u"},"spec":{"serviceAccountName":"sa",
                "imagePullSecrets":[{"name":"pull"}],
                "initContainers":[{"name":"i","envFrom":[{"configMapRef":{"name":"m1"}},{"secretRef":{"name":"s1"}}]}],
                "containers":[{"name":"c","env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"m2","key":"k"}}},
                {"name":"B","valueFrom":{"secretKeyRef":{"name":"s2","key":"k"}}}]}],
                "volumes":[{"name":"a","configMap":{"name":"m3"}},{"name":"b","secret":{"secretName":"s3"}},
                {"name":"d","projected":{"sources":[{"configMap":{"name":"m4"}},{"secret":{"name":"s4"}},
                {"serviceAccountToken":{"path":"t","audience":"vault"}}]}}]}}
                """)
        let pod = try #require(Pod.decode(json, options: .lenient).object)
        let references = ObjectReferences(pod)
        #expect(references.configMaps == ["m1", "m2", "m3", "m4"])
        #expect(references.secrets == ["pull", "s1", "s2", "s3", "s4"])
        let token = try #require(references.tokens.first)
        #expect(references.tokens.count == 1)
        #expect((token.serviceAccount, token.audience, token.expirationSeconds, token.podUID) == ("sa", "vault", 3_600, "u"))
        #expect(token.request["spec"]?["audiences"] == ["vault"])
    }
}
