"""kopf's first example (docs.kopf.dev, "Walkthrough"), reduced: each EphemeralVolumeClaim gets a claim of its own, and gives it back."""
import kopf
import kubernetes


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_):
    settings.posting.level = 20
    settings.networking.error_backoffs = [0.2] * 100
    settings.watching.reconnect_backoff = 0.2


@kopf.on.create("ephemeralvolumeclaims")
def create(spec, name, namespace, **_):
    size = spec.get("size")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    }
    kopf.adopt(claim)
    made = kubernetes.client.CoreV1Api().create_namespaced_persistent_volume_claim(namespace, claim)
    return {"claim": made.metadata.name}


@kopf.on.field("ephemeralvolumeclaims", field="metadata.labels")
def relabel(new, status, namespace, **_):
    name = status.get("create", {}).get("claim")
    if name and new:
        kubernetes.client.CoreV1Api().patch_namespaced_persistent_volume_claim(name, namespace, {"metadata": {"labels": dict(new)}})


@kopf.on.delete("ephemeralvolumeclaims")
def delete(name, namespace, **_):
    kubernetes.client.CoreV1Api().patch_namespaced_config_map("farewells", namespace, {"data": {name: "gone"}})
