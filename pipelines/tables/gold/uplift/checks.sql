-- Each statement finds the rows that break a rule.
-- months_with_other_users --
select month, users, users_of_month
from gold.uplift
full join (select month, count(*) as users_of_month from gold.uplift_people group by month) using (month)
where users is distinct from users_of_month
