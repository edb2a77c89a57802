internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// The program: `swiftlet-supervisor DIRECTORY [OOM_SCORE_ADJ]`, with a connected socket as descriptor 3 if the
/// starter wants one. It answers hello there, or says why it could not start.
package enum SupervisorMain {
    private static let starterSocket: Int32 = 3

    /// - Returns: The exit code.
    package static func run() -> Int32 {
        guard let arguments = readArguments(), arguments.count >= 2, arguments[1].first == 0x2f else { return 2 }
        _ = sv_detach_stdio()
        hideDirectory(arguments)
        let starter = sv_peer_uid(starterSocket) >= 0 ? Descriptor(adopting: starterSocket) : nil
        let configuration = SupervisorConfiguration(
            directory: Text(arguments[1]), uid: sv_own_uid(),
            oomScoreAdjust: setOOMScore(arguments.count > 2 ? arguments[2] : []))
        do throws(StartFailure) {
            let supervisor = try Supervisor(configuration)
            if let starter { supervisor.adopt(starter) }
            supervisor.run()
            return 0
        } catch {
            if let starter { report(error, to: starter) }
            return 1
        }
    }

    private static func report(_ failure: StartFailure, to starter: consuming Descriptor) {
        let connection = Connection(starter, serial: 0)
        connection.send(.refusal, Refusal(.failed, errorNumber: failure.errorNumber, detail: failure.operation.bytes))
    }

    /// Embedded Swift has no `CommandLine`.
    private static func readArguments() -> [[UInt8]]? {
        do throws(SystemFailure) {
            let bytes = try Files.read(Text("/proc/self/cmdline"), limit: 8192)
            return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { slice in [UInt8](slice) }
        } catch {
            return nil
        }
    }

    /// - Parameter value: Empty leaves it. A value that the kernel does not allow leaves what there is.
    /// - Returns: The value in force.
    private static func setOOMScore(_ value: [UInt8]) -> Int32 {
        let path = Text("/proc/self/oom_score_adj")
        if !value.isEmpty {
            do throws(SystemFailure) { try Files.write(value, to: path) } catch { _ = error }
        }
        do throws(SystemFailure) {
            let text = try Files.read(path)
            return Int32(truncatingIfNeeded: Text.number(text[...]) ?? 0)
        } catch {
            return 0
        }
    }

    /// Shows only the sandbox's name: an init process of the pod is a copy of the supervisor, and its command line is read in the pod.
    private static func hideDirectory(_ arguments: [[UInt8]]) {
        let room = arguments.reduce(0) { sum, argument in sum + argument.count + 1 }
        let title = Text("swiftlet-supervisor ") + FilePath(arguments[1]).name.bytes
        unsafe title.withCString { title in unsafe sv_set_command_line(title, room) }
    }
}
