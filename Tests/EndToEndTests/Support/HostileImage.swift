import Foundation

/// A root file system made for an attack: busybox's with changes, and with programs from Tests/Tools/attackers.
final class HostileImage {
    let tree: URL
    private let machine: Machine

    /// - Parameter prepare: A shell script, run in the tree.
    init(_ machine: Machine, name: String, attackers: [String] = [], prepare: String = ":") throws {
        self.machine = machine
        tree = machine.folder.appending(path: "tree-\(name)")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        try shell("tar -xOf \(Program.fixtures ?? "")/busybox.tar --wildcards '*/layer.tar' | tar -x -C \(tree.path)")
        for attacker in attackers { try Self.compile(attacker, to: tree.appending(path: attacker)) }
        try shell("cd \(tree.path) && { \(prepare)\n}")
    }

    static func compile(_ attacker: String, to target: URL) throws {
        let source = Repository.root.appending(path: "Tests/Tools/attackers/\(attacker).c").path
        // An interpreter is entered before any C library could be set up.
        let flags = attacker == "interpreter" ? "-nostdlib -ffreestanding -fPIE -static-pie -fno-stack-protector" : "-static"
        try shell("gcc -O1 -Wall -Wextra -Werror \(flags) -o \(target.path) \(source)")
    }

    func importAs(_ tag: String) throws { try machine.importImage(tree.path, tag: tag) }

    /// As a docker-archive, whose configuration can say what to start.
    func importAs(_ tag: String, configuration: String) throws {
        let archive = machine.folder.appending(path: "\(tag).tar").path
        let library = Repository.root.appending(path: "rootfs-fixtures/lib.sh").path
        try shell(". \(library); docker_archive \(tree.path) \(tag):latest '\(configuration)' \(archive)")
        try machine.importImage(archive)
    }
}

/// Files of the host that must come out of an attack as they were.
struct HostFiles: Equatable {
    private var states: [String: String] = [:]

    init(_ paths: [String] = [Program.swiftlet, Program.supervisor, "/etc/passwd", "/etc/hosts", "/etc/resolv.conf"]) throws {
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else { throw Machine.Failure(description: "stat \(path): errno \(errno)") }
            states[path] =
                "\(status.st_ino) \(status.st_size) \(status.st_mode) \(status.st_uid) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
    }
}
