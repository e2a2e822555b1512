-- The versions of changed entities that are there.
select known.*
from nearby_versions as known
semi join changed_entities on changed_entities.user_id = known.user_id and changed_entities.subject = known. {entity}
