"""What pages, callbacks, the API and (later) letters call: authorise, compute, record.

Plain frozen values in, plain frozen values out; no HTTP, no component. Every function takes
the user first and asks ``rights.authorise`` itself. Errors are those of ``model.errors`` and
``dash_app.errors``.

=====================  =========================================================================
``assessments``        ``open_client(user, client_id, *, language) -> Opened``
                       ``predict(caller, payload, *, language) -> dict``
                       ``predict_batch(caller, payload, *, language) -> list[dict | PadError]``
                       ``explain(caller, payload, *, language) -> dict``
``clients``            ``search(user, prefix, *, limit=8) -> tuple[int, ...]``
                       ``find(user, prefix, *, limit=8) -> tuple[WorklistRow, ...]``
                       ``worklist(user, *, queue="all", sort="oldest", start=0, limit=50) -> Worklist``
                       ``place_in_list(user, client_id, *, queue, sort) -> Place | None``
                       ``recent(user, *, limit=8) -> tuple[RecentFile, ...]``
                       ``identity(serving, case) -> Identity``
``scenarios``          ``simulate(caller, payload, *, language) -> dict``
                       ``recourse(caller, payload, *, language) -> dict``
``similar``            ``similar_files(user, client_id, *, language) -> dict``
``portfolio``          ``position(user, serving, case, feature) -> Position``
                       ``scale(user, serving) -> Scale``
``importance``         ``ranking(user, serving, *, level="code") -> tuple[ImportanceRow, ...]``
                       ``dependence(user, serving, feature) -> FeatureDependence``
``model_info``         ``model_facts``, ``policy_facts``, ``reason_catalogue``, ``feature_list``
``preparation``        ``read_preparation(home) -> Preparation | None``
=====================  =========================================================================
"""
