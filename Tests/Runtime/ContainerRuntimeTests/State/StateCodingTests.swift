import CRI
import Testing

@testable import ContainerRuntime

@Suite struct StateCodingTests {
    struct Sample: Codable, Hashable {
        var text: String
        var numbers: [Int64]
        var big: UInt64
        var small: Int8
        var flag: Bool
        var fraction: Double
        var absent: String?
        var present: String?
        var map: [String: String]
        var nested: [Inner]
        var choice: SecurityProfile
        struct Inner: Codable, Hashable { var name: String; var list: [[Int]] }
    }

    @Test func `a value reads back as it was`() throws {
        let sample = Sample(
            text: "quote \" backslash \\ newline \n tab \t umlaut ü nul \0", numbers: [.min, 0, .max], big: .max, small: -128, flag: true,
            fraction: 1.5, absent: nil, present: "", map: ["b": "2", "a": "1"],
            nested: [.init(name: "x", list: [[], [1], [2, 3]]), .init(name: "", list: [])], choice: .localhost("/p.json"))
        #expect(try StateDecoder().decode(Sample.self, from: StateEncoder().encode(sample)) == sample)
    }

    @Test func `a container's configuration reads back as it was`() throws {
        let config = makeConfig {
            $0.args = ["a"]
            $0.envs = [.init(name: "A", value: "b\"c")]
            $0.mounts = [CRI.Mount(containerPath: "/a", hostPath: "/b")]
            $0.labels = ["io.kubernetes.pod.uid": "u"]
            $0.stopSignal = 3
            $0.securityContext.seccomp = .runtimeDefault
            $0.securityContext.runAsUser = 7
            $0.resources.unified = ["memory.high": "max"]
        }
        #expect(try StateDecoder().decode(ContainerConfig.self, from: StateEncoder().encode(config)) == config)
    }

    @Test func `the text is plain JSON`() throws {
        let text = String(decoding: try StateEncoder().encode(["a": [1, 2], "b": []] as [String: [Int]]), as: UTF8.self)
        #expect(text == #"{"a":[1,2],"b":[]}"# || text == #"{"b":[],"a":[1,2]}"#)
    }

    @Test(arguments: [#"{"name":"x"}"#, #"{"name":1,"list":[]}"#, #"{"name":"x","list":[["a"]]}"#, "[]", "{"])
    func `a damaged file is an error, not a crash`(text: String) {
        #expect(throws: (any Error).self) { try StateDecoder().decode(Sample.Inner.self, from: Array(text.utf8)) }
    }

    @Test func `unknown members are passed over`() throws {
        let text = #"{"future":{"x":1},"name":"x","list":[]}"#
        #expect(try StateDecoder().decode(Sample.Inner.self, from: Array(text.utf8)) == .init(name: "x", list: []))
    }
}
