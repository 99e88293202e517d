select runs."config.lr" as lr, min(history.loss) as best
from {{ source("wandb", "history") }} as history
join {{ source("wandb", "runs") }} as runs using (entity, project, run_id)
where not isnan(history.loss)
group by lr
