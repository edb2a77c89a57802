"""kubernetes_asyncio: create, list, watch, delete, all at once."""
import asyncio
from kubernetes_asyncio import client, config, watch


async def main():
    await config.load_kube_config()
    async with client.ApiClient() as connection:
        api = client.CoreV1Api(connection)
        start = (await api.list_namespaced_config_map("default")).metadata.resource_version
        await asyncio.gather(
            *(api.create_namespaced_config_map("default", {"metadata": {"name": f"many-{n}"}}) for n in range(50)))
        seen = set()
        async with watch.Watch() as watcher:
            async for event in watcher.stream(
                    api.list_namespaced_config_map, "default", resource_version=start, timeout_seconds=20):
                assert event["type"] == "ADDED", event
                seen.add(event["object"].metadata.name)
                if len(seen) == 50:
                    break
        await asyncio.gather(*(api.delete_namespaced_config_map(name, "default") for name in seen))
        left = [item.metadata.name for item in (await api.list_namespaced_config_map("default")).items]
        assert left == ["kube-root-ca.crt"], left
    print("ok")


asyncio.run(main())
