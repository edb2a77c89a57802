internal import CLinux
import Glibc

/// A program that was started in a session of its own.
package struct Launched: ~Copyable, Sendable {
    package let pid: Int32
    /// Becomes readable when it ends. Should this process end before, init waits for the other.
    package let pidfd: OwnedFD
}

/// Starts a program that outlives this process, at a cost that does not grow with this process's memory or threads.
///
/// It runs in a new session, with default signal handling and no descriptor but those given; 0, 1 and 2 are /dev/null unless they are among them.
/// Blocks until execve(2) was called.
///
/// - Parameters:
///   - executable: A descriptor of the program; shown in errors as `arguments[0]`.
///   - descriptors: Pairs of this process's number and the program's; at most 16.
///   - cgroup: A directory of cgroup v2 to be born into.
package func launch(
    executable: borrowing OwnedFD, arguments: [String], environment: [String], descriptors: [(from: CInt, to: CInt)] = [],
    cgroup: CInt? = nil
) throws(SystemError) -> Launched {
    let argumentVector = CStringVector(arguments)
    let environmentVector = CStringVector(environment)
    var pidfd: CInt = -1
    let sources = descriptors.map(\.from)
    let targets = descriptors.map(\.to)
    let pid = unsafe sources.withUnsafeBufferPointer { sources in
        unsafe targets.withUnsafeBufferPointer { targets in
            var request = unsafe clinux_launch(
                executable: executable.rawValue, arguments: argumentVector.pointers, environment: environmentVector.pointers,
                sources: sources.baseAddress, targets: targets.baseAddress, count: CInt(sources.count), cgroup: cgroup ?? -1)
            return unsafe clinux_launch(&request, &pidfd)
        }
    }
    guard pid > 0 else { throw SystemError("start \(arguments.first ?? "a program")", .current) }
    return Launched(pid: pid, pidfd: OwnedFD(adopting: pidfd))
}

/// A NULL-terminated array of C strings that lives as long as this value.
@safe private struct CStringVector: ~Copyable {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, text) in strings.enumerated() { unsafe pointers[index] = unsafe strdup(text) }
        unsafe pointers[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
