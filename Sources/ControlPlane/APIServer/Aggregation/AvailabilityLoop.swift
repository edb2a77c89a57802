internal import APIMachinery
internal import Storage
import Synchronization

/// Keeps the condition `Available` of every aggregated API true: after changes of its APIService, of its Service and of who stands behind
/// that, every 30 s, and sooner while it fails.
package final class AvailabilityLoop: Sendable {
    private struct Follower {
        var wanted: AggregatedService
        var wake: AsyncStream<Void>.Continuation
        var task: Task<Void, Never>
    }
    private static let resync = Duration.seconds(30)
    private static let servicePrefix = "/registry/core/services/"
    private static let slicePrefix = "/registry/discovery.k8s.io/endpointslices/"

    private let server: APIServer
    private let followers = Mutex<[String: Follower]>([:])

    package init(_ server: APIServer) { self.server = server }

    /// Works until it is cancelled.
    package func run() -> Task<Void, Never> {
        let (changes, signal) = AsyncStream.makeStream(of: String.self)
        let observation = server.storage.observe { events in
            for event in events
            where [Aggregation.prefix, Self.servicePrefix, Self.slicePrefix].contains(where: { event.key.hasPrefix($0) }) {
                signal.yield(event.key)
            }
        }
        return Task {
            align()
            for await key in changes {
                if key.hasPrefix(Aggregation.prefix) { align() } else { wake(by: key) }
            }
            observation.cancel()
            for follower in followers.withLock({ Array($0.values) }) { follower.task.cancel() }
        }
    }

    /// One follower for each APIService; one that is wanted otherwise than before looks again at once.
    private func align() {
        let services = Dictionary(server.aggregation.all.map { ($0.name, $0.asWanted) }, uniquingKeysWith: { $1 })
        let gone = followers.withLock { followers -> [String: Follower] in
            let gone = followers.filter { services[$0.key] == nil }
            for name in gone.keys { followers[name] = nil }
            for (name, service) in services {
                if followers[name] == nil {
                    followers[name] = follow(service)
                } else if followers[name]?.wanted != service {
                    followers[name]?.wanted = service
                    followers[name]?.wake.yield()
                }
            }
            return gone
        }
        for (name, follower) in gone {
            follower.task.cancel()
            Task { [server] in try? await server.checkAvailability(of: name) }
        }
    }

    /// - Parameter key: Of a Service or EndpointSlice that has changed.
    private func wake(by key: String) {
        let parts = key.split(separator: "/")
        guard parts.count == 5 else { return }
        let (namespace, name, isService) = (parts[3], parts[4], key.hasPrefix(Self.servicePrefix))
        followers.withLock { followers in
            for follower in followers.values
            where follower.wanted.namespace == namespace && (!isService || follower.wanted.serviceName == name) {
                follower.wake.yield()
            }
        }
    }

    private func follow(_ service: AggregatedService) -> Follower {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (server, clock, timers) = (server, server.configuration.clock, timers)
        let task = Task {
            var failures = 0
            for await _ in wakeUps {
                // A store that fails says so to its clients; here it is one more failure.
                let isAvailable = (try? await server.checkAvailability(of: service.name)) ?? false
                failures = isAvailable ? 0 : min(failures + 1, 20)
                let delay = Self.delay(afterFailures: failures)
                let timer = Task {
                    try? await clock.sleep(for: delay)
                    if !Task.isCancelled { wake.yield() }
                }
                timers.replace(service.name, by: timer)
            }
            timers.replace(service.name, by: nil)
        }
        wake.yield()
        return Follower(wanted: service, wake: wake, task: task)
    }

    /// Upstream's: from 5 ms, twice as long each time, to 30 s.
    static func delay(afterFailures count: Int) -> Duration {
        guard count > 0 else { return resync }
        return min(.milliseconds(5) * (1 << min(count - 1, 20)), resync)
    }

    private let timers = Timers()

    /// The next looks, one for each APIService.
    private final class Timers: Sendable {
        private let tasks = Mutex<[String: Task<Void, Never>]>([:])

        func replace(_ name: String, by task: Task<Void, Never>?) {
            tasks.withLock { tasks in
                let old = tasks[name]
                tasks[name] = task
                return old
            }?.cancel()
        }
    }
}
