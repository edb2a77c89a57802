import APIMachinery
import KubernetesAPI
import Testing

@testable import KubernetesClient

struct ObservedLeaseTests {
    private func lease(_ holder: String, renewed: Int64) -> Lease {
        Lease {
            $0.spec.holderIdentity = holder
            $0.spec.leaseDurationSeconds = 15
            $0.spec.renewTime = MicroTimestamp(Timestamp(seconds: renewed))
        }
    }

    @Test func `another's lease can be taken once it has not changed for its duration`() {
        var observed = ObservedLease()
        observed.see(lease("other", renewed: 1), at: .seconds(100))
        #expect(!observed.canBeTaken(by: "me", at: .seconds(114)))
        observed.see(lease("other", renewed: 1), at: .seconds(110))
        #expect(observed.canBeTaken(by: "me", at: .seconds(115)))
        observed.see(lease("other", renewed: 2), at: .seconds(115))
        #expect(!observed.canBeTaken(by: "me", at: .seconds(129)))
    }

    @Test func `one's own lease and a released one can be taken at once`() {
        var observed = ObservedLease()
        observed.see(lease("me", renewed: 1), at: .zero)
        #expect(observed.canBeTaken(by: "me", at: .zero))
        observed.see(lease("", renewed: 2), at: .zero)
        #expect(observed.canBeTaken(by: "me", at: .zero))
    }
}
