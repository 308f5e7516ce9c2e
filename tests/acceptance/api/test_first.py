def test_first(alice, worker):
    r = alice.post("/api/v1/requests", json={"operation":"nap","place":"acme/prod"})
    print(r.status_code, r.headers, r.text)
    n = r.json()["number"]
    r = alice.get(f"/api/v1/requests/{n}"); print(r.status_code, r.headers, r.text)
    worker.start()
    with alice.stream("GET", f"/api/v1/requests/{n}/events", headers={"Accept":"text/event-stream"}) as s:
        for line in s.iter_lines(): print(line)
    for p in ("/healthz","/readyz","/metrics","/api/v1/openapi.json","/api/v1/me","/api/v1/places","/api/v1/requests?x=1&limit=0","/nix"):
        r = alice.get(p); print(p, r.status_code, r.headers.get("allow"), r.text[:1500])
    r = alice.delete("/api/v1/requests"); print(r.status_code, r.headers, r.text)
    assert 0
