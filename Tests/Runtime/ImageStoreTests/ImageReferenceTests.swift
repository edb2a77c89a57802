import Testing

@testable import ImageStore

struct ImageReferenceTests {
    static let hex = String(repeating: "ab", count: 32)

    @Test(arguments: [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("user/app", "docker.io/user/app:latest", "user/app:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
        ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
        ("localhost:5000/a/b:t", "localhost:5000/a/b:t", "localhost:5000/a/b:t"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
        ("Host/x", "Host/x:latest", "Host/x:latest"),
        ("a__b/c.d-e--f", "docker.io/a__b/c.d-e--f:latest", "a__b/c.d-e--f:latest"),
        ("busybox@sha256:\(hex)", "docker.io/library/busybox@sha256:\(hex)", "busybox@sha256:\(hex)"),
        ("q.io/x:v1@sha256:\(hex)", "q.io/x:v1@sha256:\(hex)", "q.io/x:v1@sha256:\(hex)"),
    ])
    func `names are normalised`(text: String, full: String, familiar: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == full)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(full) == reference)
        #expect(try ImageReference(familiar) == reference)
    }

    @Test(arguments: [
        ("", "invalid reference format"), (":tag", "invalid reference format"), ("a//b", "invalid reference format"),
        ("busybox:", "invalid reference format"), ("busy box", "invalid reference format"),
        ("-x", "invalid reference format"), ("x-", "invalid reference format"), ("a___b", "invalid reference format"),
        ("x:.tag", "invalid reference format"), ("host.io:x/y", "invalid reference format"),
        ("../x", "invalid reference format"), ("x@sha256:12", "invalid reference format"), ("x@md5:12", "invalid reference format"),
        ("x:" + String(repeating: "t", count: 129), "invalid reference format"),
        ("BusyBox", "invalid reference format: repository name (library/BusyBox) must be lowercase"),
        (hex, "invalid repository name, cannot specify 64-byte hexadecimal strings"),
        (String(repeating: "a", count: 250), "repository name must not be more than 255 characters"),
    ])
    func `what is no name is refused in docker's words`(text: String, reason: String) {
        #expect(refusal(.invalid) { try ImageReference(text) } == "parse image reference \(quoted(text)): \(reason)")
    }

    @Test(arguments: [("/x/Alpine-3.19.tar.gz", "alpine-3.19"), ("rootfs", "rootfs"), ("a.tgz", "a"), ("b.tar.zst", "b")])
    func `a root file system is called like its file`(path: String, name: String) {
        #expect(RootfsSource.name(for: path)?.familiar == "\(name):latest")
    }

    @Test func `a file whose name is no image name gives none`() { #expect(RootfsSource.name(for: "/x/_.tar") == nil) }
}
