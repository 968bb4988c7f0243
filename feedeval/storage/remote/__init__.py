"""Sessions under an address, such as `s3://bucket/prefix`: worked on in a scratch folder, put to a store of objects.

- `appended`: a file that is open for appending, and what is refused to who lost the session
- `berth`: what a shipper works between, and how far it has come with a call log
- `catalogue`: what lies under an address, for whoever reads it: a listing, and contents that are kept
- `deeper`: the mirrors of the folders below an address, such as those of shards
- `lease`: one writer a session, in a store that knows no locks
- `manifest`: what stands of a session in a store, and what its objects are called
- `mirror`: the seam that storage goes by, between a scratch folder on this machine and a store
- `objects`: what is asked of a store of objects, and how fsspec's file systems give it
- `scratch`: the scratch folder of an address: whose it is, and which sessions in it are ahead of what was put
- `shipper`: puts what changes in a session's scratch folder to where the session belongs
- `standing`: the objects of a session that stand, by the files that they hold
- `writing`: takes a session in a store for its one writer, and gives it back
"""
