import Glibc
import Testing

@testable import Kubelet

/// `fsGroup` of volumes that outlive the pod.
@Suite(.enabled(if: geteuid() == 0, "changing groups takes root")) struct GroupOwnershipTests {
    private func makeTree(_ directory: TemporaryDirectory) throws -> String {
        let root = "\(directory.path)/volume"
        try PodFiles.makeDirectory(root, mode: 0o700)
        try PodFiles.makeDirectory("\(root)/deep", mode: 0o700)
        try PodFiles.replace("\(root)/deep/file", [1], mode: 0o600)
        try PodFiles.changeOwner("\(root)/deep/file", uid: 7, gid: 7)
        try PodFiles.replace("\(directory.path)/outside", [1], mode: 0o600)
        try PodFiles.link("\(root)/link", to: "\(directory.path)/outside")
        return root
    }

    @Test func `everything in it belongs to the group, nothing outside does`() throws {
        let directory = try TemporaryDirectory()
        let root = try makeTree(directory)
        try GroupOwnership(group: 2000, policy: nil).apply(to: root)
        #expect(FileFacts(root) == FileFacts(mode: 0o2770, uid: 0, gid: 2000))
        #expect(FileFacts("\(root)/deep").map { $0.mode & 0o2770 } == 0o2770)
        #expect(FileFacts("\(root)/deep/file") == FileFacts(mode: 0o660, uid: 7, gid: 2000))
        #expect(FileFacts("\(root)/link")?.gid == 2000)
        #expect(FileFacts("\(directory.path)/outside") == FileFacts(mode: 0o600, uid: 0, gid: 0))
    }

    @Test(arguments: [("OnRootMismatch", 7), ("Always", 2000)] as [(String, UInt32)])
    func `a root that is right already speaks for the rest, or not`(policy: String, group: UInt32) throws {
        let directory = try TemporaryDirectory()
        let root = try makeTree(directory)
        try PodFiles.changeOwner(root, uid: 0, gid: 2000)
        try PodFiles.changeMode(root, 0o2770)
        try GroupOwnership(group: 2000, policy: policy).apply(to: root)
        #expect(FileFacts("\(root)/deep/file")?.gid == group)
    }
}
