import APIMachinery
import KubernetesAPI
import KubernetesClient
import Synchronization
import Testing

@testable import Kubelet

/// When tokens are replaced: at 80 % of their life, or a day old.
struct TokenTests {
    @Test(
        arguments: [
            (600, 480), (3_607, 2_886), (3_600, 2_880), (86_400, 69_120), (108_000, 86_400), (31_536_000, 86_400),
        ] as [(Int64, Int64)])
    func `the time of the next token`(seconds: Int64, after: Int64) {
        let issued = Timestamp(seconds: 1_000_000, nanoseconds: 0)
        let time = TokenLifetime.refreshTime(expiresAt: issued + .seconds(seconds), seconds: seconds, jitter: .zero)
        #expect(time == issued + .seconds(after))
        let early = TokenLifetime.refreshTime(expiresAt: issued + .seconds(seconds), seconds: seconds, jitter: TokenLifetime.jitterMax)
        #expect(early == issued + .seconds(after - 10))
    }

    private final class Time: TimeSource {
        private let seconds = Mutex<Int64>(0)
        var now: Duration { .seconds(seconds.withLock { $0 }) }
        var wallTime: Timestamp { Timestamp(seconds: seconds.withLock { $0 }, nanoseconds: 0) }
        func sleep(until due: Duration) async throws(CancellationError) {}
        func advance(to second: Int64) { seconds.withLock { $0 = second } }
    }

    private struct Step: Sendable {
        var second: Int64
        var isAway: Bool
        /// Number of the token that is handed out; nil: none is.
        var token: Int?
    }

    private static let steps = [
        Step(second: 0, isAway: false, token: 1), Step(second: 400, isAway: false, token: 1),
        Step(second: 481, isAway: true, token: 1), Step(second: 500, isAway: false, token: 2),
        Step(second: 1_099, isAway: true, token: 2), Step(second: 1_101, isAway: true, token: nil),
        Step(second: 1_102, isAway: false, token: 3),
    ]

    @Test func `a token is used until there is a better one, and never when it has ended`() async throws {
        let time = Time()
        let count = Mutex(0)
        let isAway = Mutex(false)
        let transport = DirectTransport { _ in
            let isGone = isAway.withLock { $0 }
            guard !isGone else { return APIResponse(status: 500, headers: [:], body: .bytes([])) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            let end = time.wallTime + .seconds(600)
            let answer: JSONValue = [
                "spec": ["expirationSeconds": 600], "status": ["token": .string("\(number)"), "expirationTimestamp": .string("\(end)")],
            ]
            return APIResponse(status: 201, headers: [:], body: .bytes(answer.serialized()))
        }
        let store = TokenStore(Client(transport: transport, userAgent: "tests"), time)
        let order = TokenOrder(ServiceAccountTokenProjection { $0.expirationSeconds = 600 }, of: makePod("p"))
        for step in Self.steps {
            time.advance(to: step.second)
            isAway.withLock { $0 = step.isAway }
            let token = try? await store.token(order).text
            #expect(token == step.token.map { "\($0)" }, "at \(step.second) s")
        }
    }
}
