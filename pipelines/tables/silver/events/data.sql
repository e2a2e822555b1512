-- The data of one noun's events: the contract's fields that are no personal text, each of its type; or what is wrong with them.
-- {structure}, {paths}, {moments} and {misfit} are made from the contract.
select * exclude (data, fields, shapes, moments, reason), to_json(fields)::varchar as data, {misfit} as reason
from (select *, json_transform(data, {structure}) as fields, json_type(data, {paths}) as shapes, json_extract_string(data, {moments}) as moments
      from read where noun = {noun} and reason is null)
