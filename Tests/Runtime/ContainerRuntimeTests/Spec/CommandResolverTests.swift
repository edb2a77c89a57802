import CRI
import Testing

@testable import ContainerRuntime

@Suite struct CommandResolverTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var command: [String] = []
        var args: [String] = []
        var entrypoint: [String] = []
        var cmd: [String] = []
        var expected: [String]
        var testDescription: String { "\(command)+\(args) over \(entrypoint)+\(cmd)" }
    }

    @Test(arguments: [
        Case(command: ["c"], args: ["a"], entrypoint: ["e"], cmd: ["m"], expected: ["c", "a"]),
        Case(command: ["c"], entrypoint: ["e"], cmd: ["m"], expected: ["c"]),
        Case(args: ["a"], entrypoint: ["e", "f"], cmd: ["m"], expected: ["e", "f", "a"]),
        Case(entrypoint: ["e"], cmd: ["m"], expected: ["e", "m"]),
        Case(cmd: ["m", "n"], expected: ["m", "n"]),
        Case(args: ["a"], expected: ["a"]),
    ])
    func `command and args replace entrypoint and cmd`(_ test: Case) throws {
        let config = makeConfig {
            $0.command = test.command
            $0.args = test.args
        }
        #expect(try CommandResolver.arguments(config, entrypoint: test.entrypoint, cmd: test.cmd) == test.expected)
    }

    @Test func `nothing to start is an error`() {
        let error = #expect(throws: SpecError.self) {
            try CommandResolver.arguments(makeConfig { $0.command = [] }, entrypoint: [], cmd: [])
        }
        #expect(error?.description == "no command specified: neither the container nor its image says what to start")
    }

    @Test func `environment is merged by name, in order of first appearance`() throws {
        let config = makeConfig {
            $0.envs = [.init(name: "B", value: "container"), .init(name: "HOSTNAME", value: "mine"), .init(name: "C", value: "a=b")]
        }
        let environment = try CommandResolver.environment(
            config, image: ["PATH=/bin", "A=image", "B=image", "EMPTY"], hostname: "web-0", home: "/root")
        #expect(
            environment == ["PATH=/bin", "HOSTNAME=mine", "A=image", "B=container", "EMPTY=", "C=a=b", "HOME=/root"])
    }

    @Test func `a terminal brings TERM, the image's HOME stays`() throws {
        let config = makeConfig { $0.tty = true }
        let environment = try CommandResolver.environment(config, image: ["HOME=/x"], hostname: "h", home: "/root")
        #expect(environment == ["PATH=\(CommandResolver.defaultPath)", "HOSTNAME=h", "TERM=xterm", "HOME=/x"])
    }

    @Test(arguments: [("", "x"), ("A=B", "x"), ("NUL", "x\0y")])
    func `a variable that the kernel would misread is refused`(name: String, value: String) {
        let config = makeConfig { $0.envs = [.init(name: name, value: value)] }
        #expect(throws: SpecError.self) { try CommandResolver.environment(config, image: [], hostname: "h", home: "/") }
    }

    @Test(arguments: [("", "", "/"), ("", "/srv", "/srv"), ("/work", "/srv", "/work")])
    func `the working directory is the container's, else the image's`(own: String, image: String, expected: String) throws {
        #expect(try CommandResolver.workingDirectory(makeConfig { $0.workingDir = own }, image: image) == expected)
    }

    @Test func `a relative working directory is refused`() {
        let error = #expect(throws: SpecError.self) {
            try CommandResolver.workingDirectory(makeConfig { $0.workingDir = "work" }, image: "")
        }
        #expect(error?.description == "working directory \"work\": must be an absolute path")
    }
}
