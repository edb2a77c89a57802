internal import APIMachinery

extension Libraries {
    static func addEncodings(_ table: inout FunctionTable) {
        table.global("base64.encode") { (value: CELBytes) in Base64Data(value.bytes).base64 }
        table.global("base64.decode") { (text: String) in
            let rest = text.utf8.count % 4
            // What lacks its padding is read all the same.
            let padded = text.hasSuffix("=") || rest == 0 ? text : text + String(repeating: "=", count: 4 - rest)
            guard let data = Base64Data(base64: padded, isStrict: false) else {
                throw CELEvaluationError("illegal base64 data at input byte \(illegalByte(text))")
            }
            return CELBytes(data.bytes)
        }
    }

    private static func illegalByte(_ text: String) -> Int {
        let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return Array(text.utf8).firstIndex { !letters.contains($0) } ?? text.utf8.count
    }
}
