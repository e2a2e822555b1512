-- changes --
select month, list(change order by change) as changes
from gold.uplift_people
group by month
having count(*) >= $min_users
