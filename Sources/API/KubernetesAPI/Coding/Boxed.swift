/// Keeps an optional structure on the heap, so that a type with many of them stays small. Copies share it; a change
/// makes a new one.
@propertyWrapper
package struct Boxed<Value: Hashable & Sendable>: Hashable, Sendable {
    private var box: Box<Value>?

    package init(wrappedValue: Value?) { box = wrappedValue.map { Box($0) } }

    package var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map { Box($0) } }
    }
}

/// Keeps a structure that is always there on the heap.
@propertyWrapper
package struct Held<Value: Hashable & Sendable>: Hashable, Sendable {
    private var box: Box<Value>

    package init(wrappedValue: Value) { box = Box(wrappedValue) }

    package var wrappedValue: Value {
        get { box.value }
        set { box = Box(newValue) }
    }
}

private final class Box<Value: Hashable & Sendable>: Hashable, Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
    static func == (left: Box, right: Box) -> Bool { left === right || left.value == right.value }
    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
