-- A store of format 3, as modsweep 0.1.0 left it when TERM ended `run` on sweeps.UPGRADED: two finished cells, two with
-- checkpoints, a fit. Everything below the line of dashes is what its log holds after a kill.
PRAGMA application_id = 1297307472;
PRAGMA user_version = 3;
BEGIN;
CREATE TABLE cells (            -- one training run each, in the order of their first commit
  num INTEGER PRIMARY KEY,      -- the number that the tables below refer to as `cell`
  id TEXT NOT NULL UNIQUE,      -- 16 hex digits: hash of all settings; `cell` in the views
  sweep INTEGER NOT NULL REFERENCES sweeps (num),  -- the sweep that trained it; a cell may belong to several
  status TEXT NOT NULL,         -- 'running' (with a checkpoint), 'done', 'diverged'
  step INTEGER NOT NULL,        -- optimizer steps taken
  diverged_at INTEGER,          -- the step, from 1, whose loss was NaN or infinite
  engine TEXT NOT NULL,         -- what trained it last: 'cpu'
  device TEXT NOT NULL,         -- on what: 'AVX-512, 2 threads'
  seconds REAL NOT NULL,        -- its share of the training time
  settings TEXT NOT NULL        -- JSON object: those on axes; all: json_patch(sweeps.base, settings)
);
CREATE TABLE checkpoints (      -- where running cells go on
  cell INTEGER PRIMARY KEY,     -- cells.num
  step INTEGER NOT NULL,
  state BLOB NOT NULL           -- the engine's own format
);
CREATE TABLE eigenvalues (      -- the spectra themselves, ascending; apart, so that `layers` reads fast
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  layer INTEGER NOT NULL,       -- from 1
  eigenvalues TEXT NOT NULL,    -- JSON array: of all rows
  eigenvalues_live TEXT,        -- JSON array: without dead rows; NULL: the same as `eigenvalues`
  dead_rows TEXT NOT NULL,      -- JSON array: the dead rows, from 0
  UNIQUE (cell, step, layer)
);
CREATE TABLE fits (  -- curves through the results, as `modsweep fit` found them
  num INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,           -- 'transition', 'law', 'balance'
  group_key TEXT NOT NULL,      -- JSON object: the cells it is of, by the columns that were grouped by
  parameters TEXT NOT NULL,     -- JSON object: numbers by name; {}: none were found
  intervals TEXT NOT NULL,      -- JSON object: [low, high] by the name of the parameter
  note TEXT NOT NULL,           -- why there are no parameters, or what limits them
  options TEXT NOT NULL,        -- JSON object: columns, bootstrap; the same kind and options replace
  created TEXT NOT NULL,        -- UTC, '2026-01-31T12:00:00Z'
  UNIQUE (kind, options, group_key)
);
CREATE TABLE layers (           -- what the Laplacian spectra of one weight layer say
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  layer INTEGER NOT NULL,       -- from 1, the layer next to the inputs
  n INTEGER NOT NULL,           -- which gap: measure.modules, or the task's inputs
  gap REAL,                     -- gap_n = lambda_{n+1} - lambda_n, all rows; NULL: n rows or fewer
  gap_live REAL,                -- the same without dead rows
  modules INTEGER NOT NULL,     -- where the largest gap is: modules found with all rows
  modules_live INTEGER NOT NULL,-- the same without dead rows
  dead INTEGER NOT NULL,        -- dead rows: norm 0 or below 1e-3 of the largest
  modularity REAL,              -- Newman's, of the live rows' similarities in n clusters; from here NULL: not
                                -- measured, or fewer than n live rows
  normalized_cut REAL,          -- of the same clusters
  block_share REAL,             -- share of the sum of |W| that lies in the clusters' blocks
  PRIMARY KEY (cell, step, layer)
) WITHOUT ROWID;
CREATE TABLE measurements (     -- one network at one step; NULL: not measured, or not a finite number
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  train_loss REAL,              -- mean squared error, clean, whole training set
  test_loss REAL,               -- the same of the test set
  noisy_test_loss REAL,         -- the same with the noise of [measure]
  l1 REAL,                      -- from here raw values, without coefficients: sum of |W|
  sum_w2 REAL,                  -- sum of W^2, the value of the l2 regularizer
  weighted_activity REAL,
  activity REAL,
  l12 REAL,
  l21 REAL,
  path_leak REAL,               -- off-diagonal share of |W^H| ... |W^0|
  jacobian_leak REAL,           -- off-diagonal share of the mean |dy_i/dx_j| over the test set
  ood_loss REAL,                -- mean squared error, clean, of all out-of-distribution samples
  block_error REAL,             -- mean over blocks of the RMSE of the best line from output to target
  PRIMARY KEY (cell, step)
) WITHOUT ROWID;
CREATE TABLE sweeps (           -- the grids whose cells are here
  num INTEGER PRIMARY KEY,      -- the number that cells.sweep refers to
  id TEXT NOT NULL UNIQUE,      -- 16 hex digits: hash of base and axes
  name TEXT NOT NULL,           -- `name` in the sweep file
  base TEXT NOT NULL,           -- JSON object: every setting of the first cell by its dotted key;
                                -- those that are not on an axis hold for all cells
  keys TEXT NOT NULL,           -- JSON array: the dotted keys of the axes
  axes TEXT NOT NULL,           -- JSON array of {"keys": [...], "values": [[one per key], ...]}
  cells INTEGER NOT NULL,       -- cells of the grid
  layers INTEGER NOT NULL,      -- weight layers of its deepest network
  finished INTEGER NOT NULL DEFAULT 0  -- 1: no cell is left, here or in other sweeps
);
CREATE TABLE weights (          -- final parameters of finished cells, where measure.weights is true
  cell INTEGER PRIMARY KEY,     -- cells.num
  dtype TEXT NOT NULL,          -- 'F32' or 'F64', little-endian
  shape TEXT NOT NULL,          -- JSON object: sizes, groups, bias, prelu
  parameters BLOB NOT NULL      -- of each layer in turn W, row-major [out][in / groups]; b, [out],
                                -- with bias; the slope of its units, with prelu and not after the last
);
CREATE INDEX running_cells ON cells (id) WHERE status = 'running';
CREATE VIEW spectra AS SELECT
  c.id AS "cell",
  y.step AS "step",
  y.layer AS "layer",
  k.kind AS "kind",
  y.n AS "n",
  CASE k.kind WHEN 'all' THEN y.gap ELSE y.gap_live END AS "gap_n",
  CASE k.kind WHEN 'all' THEN y.modules ELSE y.modules_live END AS "modules",
  y.dead AS "dead",
  e.dead_rows AS "dead_rows",
  CASE k.kind WHEN 'all' THEN e.eigenvalues ELSE coalesce(e.eigenvalues_live, e.eigenvalues) END AS "eigenvalues"
FROM cells c CROSS JOIN layers y ON y.cell = c.num
  CROSS JOIN eigenvalues e ON e.cell = y.cell AND e.step = y.step AND e.layer = y.layer
  CROSS JOIN (SELECT 'all' AS kind UNION ALL SELECT 'live') k;
CREATE VIEW results AS SELECT
  c.id AS "cell",
  s.name AS "sweep",
  coalesce(json_extract(c.settings, '$."training.steps"'), json_extract(s.base, '$."training.steps"')) AS "training.steps",
  coalesce(json_extract(c.settings, '$."task.train_samples"'), json_extract(s.base, '$."task.train_samples"')) AS "task.train_samples",
  coalesce(json_extract(c.settings, '$."training.seed"'), json_extract(s.base, '$."training.seed"')) AS "training.seed",
  c.status AS "status",
  c.step AS "steps",
  c.diverged_at AS "diverged_at",
  m.train_loss AS "train_loss",
  m.test_loss AS "test_loss",
  m.ood_loss AS "ood_loss",
  m.noisy_test_loss AS "noisy_test_loss",
  m.l1 AS "l1",
  m.sum_w2 AS "sum_w2",
  m.weighted_activity AS "weighted_activity",
  m.activity AS "activity",
  m.l12 AS "l12",
  m.l21 AS "l21",
  m.path_leak AS "path_leak",
  m.jacobian_leak AS "jacobian_leak",
  m.block_error AS "block_error",
  y1.gap AS "gap_layer1",
  y1.gap_live AS "gap_live_layer1",
  y1.modules AS "modules_layer1",
  y1.modules_live AS "modules_live_layer1",
  y1.dead AS "dead_layer1",
  y1.modularity AS "modularity_layer1",
  y1.normalized_cut AS "normalized_cut_layer1",
  y1.block_share AS "block_share_layer1",
  y2.gap AS "gap_layer2",
  y2.gap_live AS "gap_live_layer2",
  y2.modules AS "modules_layer2",
  y2.modules_live AS "modules_live_layer2",
  y2.dead AS "dead_layer2",
  y2.modularity AS "modularity_layer2",
  y2.normalized_cut AS "normalized_cut_layer2",
  y2.block_share AS "block_share_layer2",
  c.engine AS "engine",
  c.device AS "device",
  c.seconds AS "seconds"
FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep
  LEFT JOIN measurements m ON m.cell = c.num AND m.step = (SELECT max(step) FROM measurements WHERE cell = c.num)
  LEFT JOIN layers y1 ON y1.cell = c.num AND y1.step = m.step AND y1.layer = 1
  LEFT JOIN layers y2 ON y2.cell = c.num AND y2.step = m.step AND y2.layer = 2
WHERE c.status <> 'running';
CREATE VIEW history AS SELECT
  c.id AS "cell",
  s.name AS "sweep",
  coalesce(json_extract(c.settings, '$."training.steps"'), json_extract(s.base, '$."training.steps"')) AS "training.steps",
  coalesce(json_extract(c.settings, '$."task.train_samples"'), json_extract(s.base, '$."task.train_samples"')) AS "task.train_samples",
  coalesce(json_extract(c.settings, '$."training.seed"'), json_extract(s.base, '$."training.seed"')) AS "training.seed",
  c.status AS "status",
  m.step AS "step",
  m.train_loss AS "train_loss",
  m.test_loss AS "test_loss",
  m.ood_loss AS "ood_loss",
  m.noisy_test_loss AS "noisy_test_loss",
  m.l1 AS "l1",
  m.sum_w2 AS "sum_w2",
  m.weighted_activity AS "weighted_activity",
  m.activity AS "activity",
  m.l12 AS "l12",
  m.l21 AS "l21",
  m.path_leak AS "path_leak",
  m.jacobian_leak AS "jacobian_leak",
  m.block_error AS "block_error",
  y1.gap AS "gap_layer1",
  y1.gap_live AS "gap_live_layer1",
  y1.modules AS "modules_layer1",
  y1.modules_live AS "modules_live_layer1",
  y1.dead AS "dead_layer1",
  y1.modularity AS "modularity_layer1",
  y1.normalized_cut AS "normalized_cut_layer1",
  y1.block_share AS "block_share_layer1",
  y2.gap AS "gap_layer2",
  y2.gap_live AS "gap_live_layer2",
  y2.modules AS "modules_layer2",
  y2.modules_live AS "modules_live_layer2",
  y2.dead AS "dead_layer2",
  y2.modularity AS "modularity_layer2",
  y2.normalized_cut AS "normalized_cut_layer2",
  y2.block_share AS "block_share_layer2"
FROM cells c CROSS JOIN sweeps s ON s.num = c.sweep
  CROSS JOIN measurements m ON m.cell = c.num
  LEFT JOIN layers y1 ON y1.cell = c.num AND y1.step = m.step AND y1.layer = 1
  LEFT JOIN layers y2 ON y2.cell = c.num AND y2.step = m.step AND y2.layer = 2;
INSERT INTO "sweeps" VALUES(1,'e9d0d99a4464faa9','upgraded','{"measure.cluster_by":"incoming","measure.every_steps":100000,"measure.initial":false,"measure.leaks":true,"measure.modules":0,"measure.noisy_draws":1,"measure.noisy_exponent":2,"measure.noisy_strength":0,"measure.partition":false,"measure.points_per_decade":0,"measure.spectrum":true,"measure.weights":true,"network.activation":"leaky_relu","network.architecture":"layers","network.bias":true,"network.block_depth":1,"network.block_width":64,"network.groups":[],"network.hidden":[4],"network.joint_depth":1,"network.joint_width":128,"network.leaky_slope":0.1,"noise.exponent":2,"noise.gradient":"reparameterized","noise.site":"post","noise.strength":0.1,"regularizer.activity":0,"regularizer.activity_exponent":2,"regularizer.dropout":0,"regularizer.l1":0,"regularizer.l12":0,"regularizer.l2":0,"regularizer.l21":0,"regularizer.weighted_activity":0,"regularizer.weighted_activity_exponent":2,"task.data_seed":0,"task.fan_fraction":0.5,"task.file":"","task.file_hash":"","task.input_columns":[],"task.inputs":2,"task.kind":"modular_regression","task.mixing":"early","task.mixing_angle":0.785398163397448,"task.ood_samples":0,"task.patch_fraction":0.8,"task.seed":145,"task.sparse":false,"task.split_column":"","task.target_columns":[],"task.test_samples":40,"task.train_samples":10,"training.batch_size":5,"training.beta1":0.9,"training.beta2":0.999,"training.epochs":0,"training.epsilon":1e-08,"training.learning_rate":0.001,"training.momentum":0,"training.nesterov":false,"training.optimizer":"adam","training.precision":"fp32","training.seed":0,"training.shuffle":false,"training.steps":200,"training.weight_decay":0}','["training.steps","task.train_samples","training.seed"]','[{"keys":["training.steps"],"values":[[200],[400000]]},{"keys":["task.train_samples"],"values":[[10]]},{"keys":["training.seed"],"values":[[0],[1]]}]',4,2,0);
COMMIT;
-- ----
BEGIN;
INSERT INTO "cells" VALUES(1,'c17453d5175f5a78',1,'done',200,NULL,'cpu','AVX-512, 1 thread',1.13565565689008034374e-04,'{"training.steps":200,"task.train_samples":10,"training.seed":0}');
INSERT INTO "cells" VALUES(2,'87616fcb8a399006',1,'done',200,NULL,'cpu','AVX-512, 1 thread',1.13565565689008034374e-04,'{"training.steps":200,"task.train_samples":10,"training.seed":1}');
INSERT INTO "cells" VALUES(3,'ce504abe059290aa',1,'running',173717,NULL,'cpu','AVX-512, 1 thread',1.44642256934284868519e-01,'{"training.steps":400000,"task.train_samples":10,"training.seed":0}');
INSERT INTO "cells" VALUES(4,'b52677ef4a2d8f80',1,'running',173717,NULL,'cpu','AVX-512, 1 thread',1.44642256934284868519e-01,'{"training.steps":400000,"task.train_samples":10,"training.seed":1}');
INSERT INTO "checkpoints" VALUES(3,173717,X'4D534E3104000000160000000000000095A60200000000000000000000000000C4E7CBBEC447063FB3EE123FF184663F0FF1B4BF889F20BED853393DF7B426BFFA8C103F4808B9BE6595ACBDABFDD93D0C3572BEFDEF053FE9B9363F752193BEFEAF483EF4FB233EB9E887BCA228913E66A004BF7E7052BFF061C4394BC2183A93100ABB201DEB3A0A30B33A8A223A3B516E383B921F413BA63A2EB9443EB63A26932B3B14D4F7BAB6E580BBADBA14B929897CBB5920873B9A8792BB2BD33DB8A1590FBC051C3BBBA78419B901A48ABBF8309339E4B56F390D4DE83914E45D3AFFEE043B5FED0D3B76DDE238F80B2D39BA45F038333EB2397089743A6E41A338F6159D3BE1AE2F3A4A29E33B4157493A543C453A7145D4374936863A51708B3839300B3BC72F8F39');
INSERT INTO "checkpoints" VALUES(4,173717,X'4D534E3104000000160000000000000095A602000000000000000000000000007D4F48BF5AB457BEC79B75BF2456BEBD21890ABF60AB3E3EC0BB5F3F8CC2883EF7D946BDFCE49ABFF68F533E8BCD21BFA2F8103F3A75503F5F08C93EAB7D523F054B583E8E5E97BF2EC8CC3E5C55BABD4B0413BF9BF361BFF3AB9A37052B2BBB2F8411BB48530C3B50612EBAA81CF3BADEE67EBB447E63BAC08514B9395A66390343893A1BE9C5BAD22B5F3A3EBF843ACD888A3AFE7D4BBB34CA9C39FEDF3BBA821FEFB9115AB23A554104BA0A8A263BA082393AAFB7D2391362893AAF51F839C0572E3A91A6A939C317A939E7EA7D37F48E9B396D85CE3922A49639A5D8E638E0203F3A4BF67938E6FF413ABF9F23390FBA133A4FC24B3863BD233A960C3B381B5E543A75FA1B3A');
INSERT INTO "eigenvalues" VALUES(1,200,1,'[2.9839616961974935e-16,0.6000528470941474,1,1.000000000000001]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(1,200,2,'[7.799048893468748e-17,0.993450907981148]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(2,200,1,'[-6.11471035638044e-17,0.832195244433117,0.9999999999999998,1]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(2,200,2,'[-1.269283472511718e-16,0.8084132023510077]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(3,100000,1,'[1.5054423579225087e-16,0.6816388824205236,1,1.0000000000000002]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(3,100000,2,'[-1.2033219869490534e-16,0.7664019913564903]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(4,100000,1,'[-1.0948842275466054e-16,0.9676069510634554,1.0000000000000002,1.0000000000000002]',NULL,'[]');
INSERT INTO "eigenvalues" VALUES(4,100000,2,'[-3.004897521930831e-16,0.8505932261254268]',NULL,'[]');
INSERT INTO "fits" VALUES(1,'transition','{"task.train_samples":10}','{}','{}','too few data: 2 values at 1 different x, needs 7 at 5','{"by":["task.train_samples"],"columns":["training.steps","test_loss"],"confidence":0.95,"resamples":10000,"seed":0}','2026-11-27T17:49:20Z');
INSERT INTO "layers" VALUES(1,200,1,2,3.99947152905852587601e-01,3.99947152905852587601e-01,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(1,200,2,2,NULL,NULL,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(2,200,1,2,1.67804755566882790596e-01,1.67804755566882790596e-01,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(2,200,2,2,NULL,NULL,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(3,100000,1,2,3.18361117579476382566e-01,3.18361117579476382566e-01,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(3,100000,2,2,NULL,NULL,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(4,100000,1,2,3.23930489365448215366e-02,3.23930489365448215366e-02,1,1,0,NULL,NULL,NULL);
INSERT INTO "layers" VALUES(4,100000,2,2,NULL,NULL,1,1,0,NULL,NULL,NULL);
INSERT INTO "measurements" VALUES(1,200,1.31891027092933654785e-01,1.67945623397827148437e-01,NULL,4.66604462265968322753e+00,2.14329260690357559226e+00,0.0,0.0,3.60122534881048672605e-01,7.11292436109930648058e-01,5.031983254312841769e-01,4.30436267526092430912e-01,NULL,NULL);
INSERT INTO "measurements" VALUES(2,200,1.47515463829040516241e-01,1.43912154436111439093e-01,NULL,4.93287208583205938339e+00,1.9825420392541195369e+00,0.0,0.0,4.78611342225472302658e-01,5.99107328796248395086e-01,4.89986397656491490248e-01,4.68242158981014178209e-01,NULL,NULL);
INSERT INTO "measurements" VALUES(3,100000,2.94918133877217778296e-03,5.04010071046650381942e-02,NULL,7.10511200688779354095e+00,5.10107004798730212513e+00,0.0,0.0,1.45965657524086966922e+00,2.68795881002284220429e+00,3.7517803325994408814e-01,2.52896494145364580941e-01,NULL,NULL);
INSERT INTO "measurements" VALUES(4,100000,2.16003796085715302557e-03,4.42150533199310302734e-02,NULL,7.50305408239364624023e+00,4.69314745657628673569e+00,0.0,0.0,2.17335021896055513579e+00,2.41381958236466376277e+00,4.23911902755664260489e-01,3.20293450698073800531e-01,NULL,NULL);
INSERT INTO "weights" VALUES(1,'F32','{"sizes":[2,4,2],"groups":[1,1],"bias":true,"prelu":false}',X'282A803DFA50F33E5191163D484B043FF5B941BFA5AB0D3E4054273FC4EEE9BE97555B3FE9E32A3F52E3C3BE5578BD3E797A18BE48D8B03E7CDA273E9033CFBE4FBE96BD998C27BE79A22E3D19BC673ECE9A16BE62D7DCBE');
INSERT INTO "weights" VALUES(2,'F32','{"sizes":[2,4,2],"groups":[1,1],"bias":true,"prelu":false}',X'A168D03EC985C23E39E009BF7D84AABEA5FB033FBD3EEABD1F86223E9EC3063F4563AF3EBACF13BF7D94223F93371BBF194BCDBD308B5BBEEB5F04BF73CCADBE954AC9BE5F09243CCF6999BED48DAEBD3BE14C3EC6C792BD');
COMMIT;
