"""Shadow mode: a classifier over labelled images, a vision model or the embedded one that names colours.

- `classifier`: whom shadow mode asks what an image shows, and what comes back
- `colour_classifier`: the embedded engine of shadow mode: names the colour of what stands out in a picture, and asks
  no model
- `colour_names`: the names of colours: which there are, what else they are called, and which class a colour belongs
  to
- `colour_reading`: what stands out in a picture: its pixels without those of a plain background
- `fetching`: fetches images from the addresses in a table
- `job`: shadow mode: what would a classifier have said about images that people have labelled?
- `label_table`: tables of images with what people said about them: any CSV, TSV or frame -> rows, good ones and bad
  ones
- `model_classifier`: A vision model as a classifier: what it is asked about an image, and the shape of its reply
- `pictures`: images as a classifier gets them: checked, upright, of a bounded size, without metadata
"""
