/// The controllers that make pods.
package enum WorkloadControllers {
    package static let all: [any Controller.Type] = []
}
