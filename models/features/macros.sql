-- Macros that the queries of features call by name: in which stretch of its life a task is.
create or replace macro age_of(moment, created_at) as
    case
        when moment < created_at + interval 1 day then '0'
        when moment < created_at + interval 3 day then '1'
        when moment < created_at + interval 8 day then '2'
        when moment < created_at + interval 31 day then '3'
        when moment < created_at + interval 91 day then '4'
        else '5'
    end
