-- The data of one noun's events: the contract's fields that are no personal text, each of its type, or the field that is not.
-- {structure} and {misfit} are made from the contract.
select * exclude (data, fields, reason), to_json(fields)::varchar as data, coalesce(reason, {misfit}) as reason
from (select *, json_transform(data, {structure}) as fields from read where noun = {noun} and reason is null)
