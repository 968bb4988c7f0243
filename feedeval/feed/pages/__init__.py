"""The landing pages of a feed as witnesses: what they say, and where they contradict the feed.

- `amounts`: prices and currencies in texts, and whether two differ by tax alone
- `another`: pages that are served in the place of a product's: the shop's home page, or a list of other products
- `cache`: pages on disk: a file each, with its time and where it came from
- `check_pages`: contradictions between feed and pages, with the words of each
- `compare_facts`: comparisons of what is no price: availability, condition, identifiers, variant, group, image, address
- `compare_prices`: comparisons of prices: in structured data and in the visible text
- `contradictions`: contradictions as a frame that a notebook shows side by side
- `fetching`: pages fetched politely: robots.txt, few at a time, with a pause, capped
- `jsonld`: the JSON-LD of a page as nodes, mistakes mended and bombs left alone
- `limits`: how far reading pages goes
- `markup_items`: microdata and RDFa of a page as nodes of JSON-LD
- `matching`: which of the products on a page is the one of the feed
- `page`: one page as a witness, read from what came
- `pages`: the pages of a feed's products, each read when it is asked for
- `read_pages`: the pages of a feed, fetched or given
- `said`: what a comparison reports, and what comparisons count
- `saved`: pages that somebody saved: a folder, a mapping, a frame
- `session`: the connection that pages are fetched by, which reaches nobody inside this network
- `structured`: the products that structured data offers, by the attributes of a feed
- `turned_away`: pages that are not the product's, though they answer as if they were
- `visible`: what a page shows: title, text, pictures, its own address
"""
