/// What a client shows of itself, in PEM.
package struct ClientCertificate: Sendable {
    package var chain: [UInt8]
    package var key: [UInt8]

    package init(chain: [UInt8], key: [UInt8]) {
        self.chain = chain
        self.key = key
    }
}
