import APIMachinery
import Testing

@testable import APIServer

struct NodeMetricsTests {
    private static func text(cpu: String, time: Int64, start: String = "100", memory: Int = 2_097_152) -> String {
        """
        # HELP node_cpu_usage_seconds_total x
        # TYPE node_cpu_usage_seconds_total counter
        node_cpu_usage_seconds_total \(cpu) \(time)
        node_memory_working_set_bytes 1.073741824e+09 \(time)
        container_cpu_usage_seconds_total{container="c",namespace="n",pod="p"} \(cpu) \(time)
        container_memory_working_set_bytes{container="c",namespace="n",pod="p"} \(memory) \(time)
        container_start_time_seconds{container="c",namespace="n",pod="p"} \(start)

        """
    }

    private static func window(_ old: String, _ new: String) -> NodeUsageWindow {
        NodeUsageWindow(
            from: NodeSample(parsing: old, now: 0), to: NodeSample(parsing: new, now: 0), end: Timestamp(seconds: 1_000))
    }

    private static let key = NodeSample.ContainerKey(namespace: "n", pod: "p", container: "c")

    @Test func `use is what was added between two samples`() {
        let window = Self.window(Self.text(cpu: "10", time: 200_000), Self.text(cpu: "10.5", time: 202_000))
        #expect(window.node == .init(nanoCores: 250_000_000, memoryBytes: 1 << 30))
        #expect(window.containers[Self.key] == .init(nanoCores: 250_000_000, memoryBytes: 2 << 20))
        #expect(window.windowText == "2.000s")
        #expect(window.node?.json == ["cpu": "250m", "memory": "1Gi"])
    }

    @Test func `a container that was started again has used everything since its start`() {
        let window = Self.window(Self.text(cpu: "10", time: 200_000), Self.text(cpu: "1", time: 210_000, start: "200"))
        #expect(window.containers[Self.key]?.nanoCores == 100_000_000)
    }

    @Test(
        arguments: [
            ("a 1", "a", [:], 1, nil), ("a{} 2.5 77", "a", [:], 2.5, 77),
            (#"a{x="1",y="a\"b\\c\nd,}"} 3"#, "a", ["x": "1", "y": "a\"b\\c\nd,}"], 3, nil),
        ] as [(String, String, [String: String], Double, Int64?)])
    func `lines of the text format`(line: String, name: String, labels: [String: String], value: Double, time: Int64?) throws {
        let sample = try #require(PrometheusSample(line[...]))
        #expect(sample.name == name && sample.labels == labels && sample.value == value && sample.timestamp == time)
    }

    @Test(arguments: ["", "a", "a{", "a{x", #"a{x="1"#, "a{x=1} 2", "a x"]) func `damaged lines are passed over`(line: String) {
        #expect(PrometheusSample(line[...]) == nil)
    }
}
