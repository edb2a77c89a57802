import Glibc

/// Keys and certificates of a test, made by openssl in a folder that goes with it.
package struct TestCertificates: Sendable {
    package let folder: String

    package init() async throws {
        folder = "/tmp/swiftlet-http-\(UInt64.random(in: 0..<UInt64.max))"
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        let made = try await shell(
            """
            mkdir -m 700 \(folder) && cd \(folder) && \
            openssl req -x509 \(key) -keyout ca.key -out ca.pem -subj /CN=ca && \
            openssl req -x509 \(key) -keyout other-ca.key -out other-ca.pem -subj /CN=other && \
            openssl req -x509 \(key) -keyout server.key -out server.pem -subj /CN=server -CA ca.pem -CAkey ca.key \
              -addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE && \
            openssl req -x509 \(key) -keyout client.key -out client.pem -subj /O=readers/CN=jane -CA ca.pem -CAkey ca.key \
              -addext basicConstraints=critical,CA:FALSE && \
            openssl req -x509 \(key) -keyout stranger.key -out stranger.pem -subj /CN=eve -CA other-ca.pem -CAkey other-ca.key \
              -addext basicConstraints=critical,CA:FALSE
            """)
        guard made.status == 0 else { throw TestFailure(made.output) }
    }

    package func text(_ file: String) throws -> String {
        guard let stream = fopen("\(folder)/\(file)", "r") else { throw TestFailure("open \(file): errno \(errno)") }
        defer { fclose(stream) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = fread(&buffer, 1, buffer.count, stream)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    package func remove() async { _ = try? await shell("rm -r \(folder)") }
}
