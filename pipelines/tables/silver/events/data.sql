-- The data of one noun's events: the contract's fields that are no personal text, each of its type; or what is wrong with them.
-- {structure}, {paths} and {misfit} are made from the contract.
select * exclude (data, fields, shapes, reason), to_json(fields)::varchar as data, {misfit} as reason
from (select *, json_transform(data, {structure}) as fields, json_type(data, {paths}) as shapes
      from read where noun = {noun} and reason is null)
