internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Reads what pods use from metrics.k8s.io.
struct MetricsReader: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
    let client: Client

    /// - Parameter container: Only this one's; a pod without it is left out.
    func usages(_ resource: String, container: String?, namespace: String, selector: String) async throws -> [String: PodUsage] {
        var request = APIRequest(path: "/apis/metrics.k8s.io/v1beta1/namespaces/\(namespace)/pods")
        request.query = [.init(name: "labelSelector", value: selector)]
        let answer: JSONValue
        do throws(ClientError) { answer = try await client.object(request) } catch {
            let cause =
                error.isNotFound || error.status?.code == 404
                ? "the server could not find the requested resource (get pods.metrics.k8s.io)" : "\(error)"
            throw Failure("unable to fetch metrics from resource metrics API: \(cause)")
        }
        let items = answer["items"]?.arrayValue ?? []
        guard !items.isEmpty else { throw Failure("no metrics returned from resource metrics API") }
        var usages: [String: PodUsage] = [:]
        for item in items {
            guard let name = item["metadata"]?["name"]?.stringValue, let sum = Self.sum(item, resource, container) else { continue }
            usages[name] = PodUsage(
                milliValue: sum, time: item["timestamp"]?.stringValue.flatMap { Timestamp($0) } ?? .now(), window: Self.window(item))
        }
        return usages
    }

    /// - Returns: nil when one of the containers has no figure: the sum would be too small.
    private static func sum(_ item: JSONValue, _ resource: String, _ container: String?) -> Int64? {
        let containers = (item["containers"]?.arrayValue ?? []).filter { container == nil || $0["name"]?.stringValue == container }
        guard !containers.isEmpty else { return nil }
        var sum: Int64 = 0
        for one in containers {
            guard let text = one["usage"]?[resource]?.stringValue, let value = try? Quantity(parsing: text) else { return nil }
            sum += value.milliValue
        }
        return sum
    }

    /// metrics-server writes whole seconds or Go's `1m30s`.
    private static func window(_ item: JSONValue) -> Duration {
        var (total, digits) = (0.0, "")
        for character in item["window"]?.stringValue ?? "" {
            switch character {
            case "h": total += (Double(digits) ?? 0) * 3600
            case "m": total += (Double(digits) ?? 0) * 60
            case "s": total += Double(digits) ?? 0
            default:
                digits.append(character)
                continue
            }
            digits = ""
        }
        return total > 0 ? .seconds(total) : .seconds(30)
    }
}
