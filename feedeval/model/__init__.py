"""Whom we ask: the client, its pacing, its retries and what calls cost.

Another provider with the same API needs nothing but its address (`settings`); one with habits of its own is met in
`wire` and `calling`; another API would take the place of what `client` sends.

- `azure`: Azure's classic form of the API: a deployment in the address, a version in the query, the key in a header
- `batch_api`: the Batch API of an endpoint: files up and down, batches made, looked up, looked at and called off
- `budgets`: request and token budgets, learned from the `x-ratelimit-*` headers of replies
- `calling`: one call, whatever it takes: money set aside, a place in the pacer, tries, the endpoint's dialect, the
  books
- `client`: OpenAI-compatible calls: a prompt and a schema in, a parsed record and its usage out
- `extras`: what a person adds to every request beyond the settings that have names: headers, and fields of the body
- `faults`: what goes wrong in a call, told apart by exception class, HTTP status and error code; never by words in a
  message
- `pace`: how fast calls may start, learned from refusals whatever an endpoint's headers promise
- `pacing`: how many calls may be out, and when the next may start
- `pricing`: usage to money, by the prices that genai-prices carries; nothing is looked up on the network
- `refusals`: settings that a person made and the endpoint does not take: said in a sentence, never dropped in silence
- `replies`: what a reply says, as the record that was asked for
- `retrying`: what is tried again, how often, and after how long
- `schema`: the strict JSON schema of a reply, made from its pydantic record
- `settings`: the settings of a model client, and the endpoint and key that they lead to
- `sharing`: one pacer for all runs that ask the same endpoint with the same key
- `transport`: the HTTP client under the SDK: aiohttp, with all of its faults told apart, and nothing that one API
  does not need
- `window`: the adaptive window: how many calls may be out at once where the endpoint does not say
- `wire`: what goes over the wire: the body of a request, and what is read out of a reply
"""
