"""Prints the JSON Schemas of some classes of OCSF as published, from the package that holds them: VERSION CLASS…"""

import json
import sys

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

version, *classes = sys.argv[1:]
schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
print(json.dumps({name: schemas.get_class_schema(name) for name in classes}))
